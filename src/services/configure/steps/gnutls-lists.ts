import type {UpgradeStep} from '../step.js'

const LISTS = ['TLS_KX_LIST', 'TLS_COMPRESSION', 'TLS_CERTS']

export const gnutlsLists: UpgradeStep = {
  name: 'gnutls-lists',
  upTo: '4.10',
  about: "Says which of GnuTLS's old lists are gone (`TLS_PRIORITY` took their place)",
  async run({files, tell}) {
    for (const file of files.values()) {
      const set = LISTS.filter((name) => file.value(name))
      if (set.length > 0)
        tell(`${file.kind.name}: ${set.join(', ')} had an effect with GnuTLS only, and is gone; ciphers are chosen by TLS_CIPHER_LIST`)
    }
  },
}
