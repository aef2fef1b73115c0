/** Logging in and opening a mailbox. */
import {login, parallel, type Row, type RowContext} from '../row.js'

async function open(context: RowContext, account: string): Promise<void> {
  const client = await login(context, account)
  await client.ok('SELECT INBOX')
  await client.ok('LOGOUT')
  client.close()
}

/** From the connection to the end of it, with a mailbox open in between. */
function opening(title: string, account: string, options: Partial<Row> = {}): Row {
  return {title, mail: [account], repeats: true, ...options, run: (context) => open(context, account)}
}

export const OPENING: readonly Row[] = [
  opening('login, SELECT, LOGOUT', 'main'),
  opening('login, SELECT, LOGOUT, cold', 'main', {cold: 'main', repeats: false, settles: true, servers: ['ours', 'dovecot']}),
  opening('login, SELECT of 1,000, LOGOUT', 'small', {isLong: true}),
  opening('login, SELECT of 100,000, LOGOUT', 'large', {isLong: true}),
  opening('login, SELECT of 100,000, LOGOUT, cold', 'large', {
    isLong: true,
    cold: 'large',
    repeats: false,
    settles: true,
    servers: ['ours', 'dovecot'],
  }),
  {
    title: '400 × login, SELECT, LOGOUT over 4 sessions',
    mail: ['logins'],
    spreads: true,
    run: (context) =>
      parallel(4, async () => {
        for (let count = 0; count < 100; count += 1) await open(context, 'logins')
      }),
  },
]
