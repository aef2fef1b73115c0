import type {OldFile} from '../old-file.js'
import type {UpgradeStep} from '../step.js'

/** The new default trusts every public authority, which is not what a directory of one's own meant. */
export const trustFiles: UpgradeStep = {
  name: 'trust-files',
  upTo: '4.3.99',
  about: 'Makes `TLS_TRUSTCERTS` of `TLS_PEERCERTDIR` or `TLS_OURCACERT`',
  async run({files, tell}) {
    for (const file of [files.get('imapd-ssl'), files.get('pop3d-ssl')]) {
      const old = file && (file.value('TLS_PEERCERTDIR') || file.value('TLS_OURCACERT'))
      if (!file || !old || file.value('TLS_TRUSTCERTS') !== undefined) continue
      keepTrust(file, old)
      tell(`${file.kind.name}: TLS_TRUSTCERTS is ${old}, as TLS_PEERCERTDIR was: it must hold the authorities of client certificates only`)
    }
  },
}

function keepTrust(file: OldFile, path: string): void {
  file.keepSetting('TLS_TRUSTCERTS', path)
}
