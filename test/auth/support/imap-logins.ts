import {type AuthSettings, startAuth} from '../../../src/services/start-auth.js'
import {ImapClient} from '../../support/imap-client.js'
import {imapServer} from '../../support/imap-server.js'
import {recordingLog} from './scratch.js'

/** An IMAP server whose accounts come from these modules; the Maildir is one of its own. */
export async function imapWith(directory: string, modules: readonly string[], more: Partial<AuthSettings> = {}) {
  const log = recordingLog()
  const auth = startAuth(
    {directory, modules, defaultOptions: '', defaultMaildir: './Maildir', defaultDomain: {domain: '', separators: undefined}, ...more},
    log,
  )
  const connection = {
    authenticator: auth,
    tickets: {
      async redeem(ticket: string) {
        const account = await auth.redeem(ticket)
        return account && {...server.account, name: account.name}
      },
    },
  }
  const server = await imapServer({connection})
  return {
    log,
    /** The status and the response code of LOGIN. */
    async login(user: string, password: string): Promise<string> {
      await using client = await ImapClient.connect(server.port)
      client.raw(`a LOGIN "${user}" "${password}"\r\n`)
      for (;;) {
        const [, status, code = ''] = /^(?:a|\*) (OK|NO|BAD|BYE) (?:\[([A-Z]+)[\] ])?/.exec(await client.line()) ?? []
        if (status) return status === 'OK' ? status : `${status} ${code}`
      }
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await auth.close()
    },
  }
}

export const WRONG = 'NO AUTHENTICATIONFAILED'
export const DOWN = 'BYE UNAVAILABLE'
