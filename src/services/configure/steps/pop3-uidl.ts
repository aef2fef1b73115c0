import type {UpgradeStep} from '../step.js'

export const pop3Uidl: UpgradeStep = {
  name: 'pop3-uidl',
  upTo: '1.7.3',
  about: 'Says that POP3 clients see all mail as new once',
  async run({tell}) {
    tell('POP3: Courier 2.0 changed how messages are named (UIDL). Clients that leave mail on the server may see all of it as new, once')
  },
}
