/** Mail of every kind for tests of the index, and servers over it. */
import {utimesSync} from 'node:fs'
import type {MetadataIndex} from '../../src/maildir/index/metadata-index.js'
import {message} from '../bench/corpus.js'
import {ImapClient} from './imap-client.js'
import {type ImapServer, imapServer, PASSWORD} from './imap-server.js'
import type {TemporaryMaildir} from './store.js'

const ODD: readonly string[] = [
  '',
  '\n',
  'no header at all',
  'Subject: only a header\n',
  'Subject: line ends\r\nFrom: a@b.example\r\n\r\nCR LF\r\n',
  'Subject: raw \xfc\xe9\nFrom: "J\xfcrgen" <j@example.com>\n\n8 bit header\n',
  'Subject: nul \0 in it\n\n\0\n',
  'From: x@y\nContent-Type: message/rfc822\n\nSubject: inner\nFrom: Group: a@b, c@d;\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\nA\n--i--\n',
  `Subject: long header\n${'X-Filler: 0123456789012345678901234567890123456789\n'.repeat(6000)}\nbody\n`,
  `Subject: large\nFrom: large@example.com\n\n${'0123456789 line of text\n'.repeat(60_000)}`,
]

/** Message number `number`; the first ones are odd. */
export function mailNumber(number: number): Buffer {
  const odd = ODD[number]
  return odd === undefined ? message(number) : Buffer.from(odd, 'latin1')
}

/** Fills a folder's `cur/`; file times are those of long ago. */
export function fillWithMail(maildir: TemporaryMaildir, count: number, folder = ''): void {
  for (let number = 0; number < count; number += 1) {
    const name = `cur/${1_600_000_000 + number}.M${number}P1.host:2,${['', 'S', 'RS', 'F'][number % 4]}`
    maildir.put(name, mailNumber(number) as unknown as string, folder)
    utimesSync(`${maildir.path}/${folder}/${name}`, 1_600_000_000 + number, 1_600_000_000 + number)
  }
}

/** What a client may ask. */
export const QUESTIONS: readonly string[] = [
  'FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)',
  'FETCH 1:* (UID ENVELOPE)',
  'UID FETCH 1:* (BODYSTRUCTURE)',
  'FETCH 1:* BODY',
  'FETCH 1:* (BODY.PEEK[HEADER.FIELDS (Subject From To Cc Message-ID References Date)])',
  'FETCH 1:* (RFC822.SIZE BODY.PEEK[HEADER.FIELDS (Subject Date)])',
  'FETCH 1:* (BODY.PEEK[HEADER] BODY.PEEK[1.MIME])',
  'FETCH 1:* BODY.PEEK[1]<0.50>',
  'FETCH 3:7,12:* (BODY.PEEK[])',
  'FETCH 1:* FULL',
  'SEARCH SUBJECT meeting',
  'SEARCH OR LARGER 2000 FROM anna',
  'UID SEARCH SENTSINCE 5-Jan-2024 NOT TO bob',
  'SEARCH BODY train',
  'SEARCH TEXT line SMALLER 5000',
  'SEARCH HEADER Message-ID m1 BEFORE 14-Sep-2020',
  'SORT (SUBJECT) UTF-8 ALL',
  'SORT (REVERSE SIZE FROM) UTF-8 ALL',
  'UID SORT (DATE CC TO ARRIVAL) UTF-8 UNDELETED',
  'THREAD REFERENCES UTF-8 ALL',
  'THREAD ORDEREDSUBJECT UTF-8 ALL',
  'FETCH 1:* (BODY.PEEK[HEADER.FIELDS.NOT (Received Subject)] BODY.PEEK[HEADER.FIELDS (cc Content-Type)]<3.40>)',
  'SEARCH OR (CC bob SENTON 2-Jan-2024) NOT OR SUBJECT re BCC nobody',
  'SORT (TO REVERSE SUBJECT SIZE) UTF-8 FROM a',
  'UID THREAD REFERENCES UTF-8 SUBJECT re',
]

/** What a client may ask after `ENABLE UTF8=ACCEPT`: other texts of the same messages. */
export const UTF8_QUESTIONS: readonly string[] = ['FETCH 1:* (ENVELOPE BODYSTRUCTURE)', 'UID FETCH 1:* ALL', 'SORT (SUBJECT) UTF-8 ALL']

/** A server over a Maildir that somebody else may work on. */
export async function serverOver(maildir: TemporaryMaildir, index: MetadataIndex): Promise<ImapServer> {
  return imapServer({maildir, environment: {index}})
}

/** A client in a mailbox. */
export async function clientIn(server: ImapServer, mailbox = 'INBOX'): Promise<ImapClient> {
  const client = await ImapClient.connect(server.port)
  await client.ok(`LOGIN alice ${PASSWORD}`)
  await client.ok(`SELECT ${mailbox}`)
  return client
}

/** The answer to a question, without \Recent and what only says how the mailbox changed meanwhile. */
export async function answer(client: ImapClient, question: string): Promise<string> {
  const {status, text, untagged} = await client.command(question)
  const about = /^(?:UID )?(\w+)/.exec(question)?.[1] ?? ''
  return [...untagged.filter((line) => line.includes(about === 'FETCH' ? ' FETCH (' : about)), `${status} ${text}`]
    .join('\n')
    .replace(/ ?\\Recent/g, '')
    .replaceAll('( ', '(')
}
