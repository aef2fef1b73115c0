import {readdir} from 'node:fs/promises'
import {join} from 'node:path'
import {LEFTOVER} from '../../../net/access/read-access-source.js'
import type {UpgradeStep} from '../step.js'

export const accessLeftovers: UpgradeStep = {
  name: 'access-leftovers',
  upTo: '5.3.1',
  about: 'Says which files in `imapaccess` package managers have left behind: `makeimapaccess` refuses them now',
  async run({directory, tell}) {
    const path = join(directory, 'imapaccess')
    const names = await readdir(path).catch(() => [])
    const leftovers = names.filter((name) => LEFTOVER.test(name)).sort()
    if (leftovers.length > 0) tell(`${path}: remove ${leftovers.join(', ')}, with which makeimapaccess stops since Courier 5.3.2`)
  },
}
