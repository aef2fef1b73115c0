import {stat} from 'node:fs/promises'
import {join} from 'node:path'
import type {UpgradeStep} from '../step.js'

export const accessFile: UpgradeStep = {
  name: 'access-file',
  upTo: '4.16.0',
  about: 'Says that real Courier needs `imapaccess` and `makeimapaccess` to start',
  async run({directory, tell}) {
    const path = join(directory, 'imapaccess')
    const found = await stat(path).catch(() => undefined)
    if (!found)
      tell(
        `There is no ${path}: everybody may connect. Real Courier does not start without it (an empty directory will do, then makeimapaccess)`,
      )
  },
}
