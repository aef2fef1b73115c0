import {isStockCapability} from '../../../config/capability.js'
import {IMAPD} from '../../../config/imapd-options.js'
import {ANY_VERSION, type UpgradeStep} from '../step.js'

/** The shipped capabilities of old versions give way to today's, but `AUTH=` words in them are the administrator's. */
export const loginWords: UpgradeStep = {
  name: 'login-words',
  upTo: ANY_VERSION,
  about: 'Keeps `AUTH=` words of an old `IMAP_CAPABILITY`, whatever version its block has',
  async run({files}) {
    const file = files.get('imapd')
    const value = file?.value('IMAP_CAPABILITY') ?? ''
    const words = value.split(/\s+/).filter((word) => /^AUTH=/i.test(word))
    const {block, shipped} = IMAPD.IMAP_CAPABILITY
    const isCurrent = file !== undefined && block === `IMAP_CAPABILITY:${file.blocks.get('IMAP_CAPABILITY')?.version}`
    if (file && words.length > 0 && !isCurrent && isStockCapability(value))
      file.keepSetting('IMAP_CAPABILITY', `${shipped} ${words.join(' ')}`)
  },
}
