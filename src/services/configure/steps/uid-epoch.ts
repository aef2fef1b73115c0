import type {UpgradeStep} from '../step.js'

export const uidEpoch: UpgradeStep = {
  name: 'uid-epoch',
  upTo: '4.9.3',
  about: 'Says what the new epoch of UIDVALIDITY means; nothing has to be converted',
  async run({tell}) {
    tell(
      'Folders made from now on have a lower UIDVALIDITY than before (since Courier 4.10). Existing ones keep theirs. Should a client not notice that a folder was deleted and made again, remove the account from the client and add it again',
    )
  },
}
