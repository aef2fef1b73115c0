import {compareVersions} from '../old-version.js'
import type {UpgradeStep} from '../step.js'

export const pop3Sizes: UpgradeStep = {
  name: 'pop3-sizes',
  upTo: '5.0.2',
  about: 'Says what is wrong in the `courierpop3dsizelist` of Maildirs that the POP3 server of 5.0.0 to 5.0.2 served',
  async run({version, tell}) {
    if (compareVersions(version, '5.0.0') < 0) return
    tell(
      'POP3: where a server of 5.0.0, 5.0.1 or 5.0.2 ran, files courierpop3dsizelist that begin with "/3" may call messages UTF-8 that are not: set the last number of each line but the first to 0',
    )
  },
}
