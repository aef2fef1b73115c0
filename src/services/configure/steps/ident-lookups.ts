import {shellWords} from '../../../config/shell-words.js'
import {isUnmarked} from '../find-old-files.js'
import type {UpgradeStep} from '../step.js'

const STOCK = new Set(['-nodnslookup', '-noidentlookup'])

/** The merge would give up own options together with `-noidentlookup`, because the block has a new version. */
export const identLookups: UpgradeStep = {
  name: 'ident-lookups',
  upTo: '5.2.6',
  about: 'Takes `-noidentlookup` out of `TCPDOPTS` and keeps the other options',
  async run({files, tell}) {
    for (const file of [files.get('imapd'), files.get('pop3d')]) {
      const options = file?.value('TCPDOPTS')
      if (!file || options === undefined) continue
      // The shipped value gives way to the new one, as any setting whose block has a new version.
      const isStock = shellWords(options).every((word) => STOCK.has(word))
      if (isStock && !isUnmarked(file)) continue
      const kept = options.replace(/(^|\s)-noidentlookup(?=\s|$)/g, '').trim()
      file.keepSetting('TCPDOPTS', kept)
      if (kept !== options) tell(`${file.kind.name}: -noidentlookup was taken out of TCPDOPTS; couriertcpd of Courier 5.2.7 refuses it`)
    }
  },
}
