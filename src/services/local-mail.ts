import type {TicketOffice} from '../auth/account.js'
import type {Log} from '../log/log.js'
import type {MailSessions} from './mail-sessions.js'
import type {MailRole} from './roles.js'

/** The mail role in the process that the front is in: the sessions' tickets are redeemed where they were issued. */
export function localMail(sessions: MailSessions, {tickets, log}: {readonly tickets: TicketOffice; readonly log: Log}): MailRole {
  return {
    async serve(connection, options) {
      const {remote, channel} = connection
      const redeemed = tickets.redeem(connection.ticket)
      const account = redeemed instanceof Promise ? await redeemed : redeemed
      // Returned, not awaited: nothing of this function stays for as long as the session lasts.
      return sessions.serve(connection, {account, ...options}).catch((error: unknown) => {
        log.error('mail.bug', {...remote, error})
        channel.end()
      })
    },
  }
}
