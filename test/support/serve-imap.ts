/** A connection from the greeting to the end in this process, as a server in one process serves it. */
import type {Account, TicketOffice} from '../../src/auth/account.js'
import {type ImapLoginOptions, serveImapLogin} from '../../src/imap/serve-login.js'
import {type ImapSessionOptions, serveImapSession} from '../../src/imap/serve-session.js'
import {Channel} from '../../src/wire/channel.js'

export interface ImapConnectionOptions extends ImapLoginOptions, Pick<ImapSessionOptions, 'openStore' | 'book'> {
  readonly tickets: TicketOffice
  /** No login: the session belongs to this account (`* PREAUTH`). */
  readonly preauth?: Account | undefined
}

export async function serveImap(options: ImapConnectionOptions): Promise<void> {
  const {preauth, tickets} = options
  if (preauth) {
    const {stream, encrypted, deadlines} = options
    return serveImapSession({...options, channel: new Channel(stream, {encrypted, deadlines}), account: preauth, tag: undefined})
  }
  const admitted = await serveImapLogin(options)
  if (admitted) await serveImapSession({...options, ...admitted, account: await tickets.redeem(admitted.ticket)})
}
