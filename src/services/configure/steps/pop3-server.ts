import type {UpgradeStep} from '../step.js'

export const pop3Server: UpgradeStep = {
  name: 'pop3-server',
  upTo: '1.1',
  about: 'Says that there are files for a POP3 server, which stays off (`POP3DSTART=NO`)',
  async run({files, tell}) {
    const had = files.get('pop3d')?.state !== undefined
    if (!had) tell('There was no POP3 server before 1.2: pop3d and pop3d-ssl are new, and POP3DSTART and POP3DSSLSTART are NO')
  },
}
