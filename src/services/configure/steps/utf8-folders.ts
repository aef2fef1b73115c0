import type {UpgradeStep} from '../step.js'

export const utf8Folders: UpgradeStep = {
  name: 'utf8-folders',
  upTo: '4.18.2',
  about: 'Says how to convert the folder names of every Maildir to UTF-8',
  async run({tell}) {
    tell(
      'Folder names in Maildirs are UTF-8 since Courier 5.0. Convert each Maildir once, while no server runs: "courier maildirmake MAILDIR --check" says what would change, "courier maildirmake MAILDIR --convert" does it. Cone must be 0.97 or newer',
    )
  },
}
