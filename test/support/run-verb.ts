/** Runs one verb on a view, without a connection: gives the octets that went out and the tagged answer. */
import type {Account} from '../../src/auth/account.js'
import {Cursor, type Piece} from '../../src/imap/grammar/cursor.js'
import {ReplyWriter} from '../../src/imap/replies/reply-writer.js'
import type {Reply} from '../../src/imap/replies/tagged.js'
import type {SelectedContext, Session} from '../../src/imap/session.js'
import {DEFAULT_IMAP_SETTINGS, type ImapSettings} from '../../src/imap/settings.js'
import type {Verb} from '../../src/imap/verb.js'
import type {Log} from '../../src/log/log.js'
import type {Mailstore, View} from '../../src/maildir/types.js'

export interface VerbRun {
  /** Everything untagged, one character for each octet. */
  readonly output: string
  readonly reply: Reply
  /** Sizes of the writes. */
  readonly writes: readonly number[]
}

export interface RunOptions {
  readonly uid?: boolean
  readonly utf8?: boolean
  readonly settings?: Partial<ImapSettings>
  readonly signal?: AbortSignal
  /** Called at each write. */
  readonly onWrite?: (chunks: readonly Buffer[]) => void
  /** Drop the output: only its sizes are kept. */
  readonly discard?: boolean
}

const silent: Log = {debug: () => {}, info: () => {}, notice: () => {}, warning: () => {}, error: () => {}}

/** `FETCH`'s arguments `1 FLAGS` as the cursor sees them; a Buffer is a literal. */
export function pieces(...parts: readonly (string | Buffer)[]): Piece[] {
  const list = parts.map((part): Piece => (typeof part === 'string' ? {text: part} : {literal: part, binary: false}))
  const last = parts.at(-1)
  return last instanceof Buffer ? [...list, {text: ''}] : list
}

/** Runs the verb with arguments as they stand behind its name. @throws what the verb throws */
export async function runVerb<Args>(
  verb: Verb<'selected', Args>,
  view: View,
  args: string | readonly Piece[],
  options: RunOptions = {},
): Promise<VerbRun> {
  const chunks: Buffer[] = []
  const writes: number[] = []
  const out = new ReplyWriter({
    write: async (list) => {
      writes.push(list.reduce((sum, chunk) => sum + chunk.length, 0))
      options.onWrite?.(list)
      // The Buffers may change when the write has ended.
      if (!options.discard) chunks.push(...list.map((chunk) => Buffer.from(chunk)))
    },
  })
  const {uid = false, utf8 = false} = options
  out.utf8 = utf8
  const session = {
    out,
    settings: {...DEFAULT_IMAP_SETTINGS, ...options.settings},
    counters: {headers: 0, body: 0},
    log: silent,
    now: () => Date.UTC(2024, 5, 1),
    signal: options.signal ?? new AbortController().signal,
    client: {ip: '127.0.0.1', port: 0},
    view,
    select: () => {},
    capability: () => '',
    readLine: async () => undefined,
    enableUtf8: () => {},
    utf8,
    announcedKeywords: view.keywords,
  } as Partial<Session> as Session
  const line = new Cursor(typeof args === 'string' ? [{text: ` ${args}`}] : args, {utf8, keywords: true})
  const context: SelectedContext = {session, view, account: {} as Account, store: {} as Mailstore}
  const reply = await verb.run(context, verb.read(line, {uid}))
  await out.flush()
  if (reply.status === 'HANDOVER' || reply.status === 'BYE') throw new Error('The verb gave no reply')
  return {output: Buffer.concat(chunks).toString('latin1'), reply, writes}
}
