/**
 * What an IMAP server on 127.0.0.1 says of itself, as JSON on standard output: `node ask-server.js USER PASSWORD [SUBJECT]`, run where the
 * server is. With a subject a message with it is appended first.
 */
import {once} from 'node:events'
import {connect, type Socket} from 'node:net'
import {createInterface} from 'node:readline'
import {connect as connectTls} from 'node:tls'

export interface ServerAnswers {
  /** Capabilities of the plain port before and after STARTTLS, and of the TLS port; sorted. */
  readonly plain: readonly string[]
  readonly startTls: readonly string[]
  readonly tls: readonly string[]
  /** What SELECT says of INBOX. */
  readonly uidValidity: string
  /** `UID SUBJECT` of every message. */
  readonly messages: readonly string[]
  /** Connections of this address that were greeted, of so many that were made. */
  readonly greeted: number
  readonly attempts: number
}

const ATTEMPTS = 24

class Dialogue {
  readonly #socket: Socket
  readonly #lines: AsyncIterator<string>
  #tag = 0

  constructor(socket: Socket) {
    this.#socket = socket
    this.#lines = createInterface({input: socket})[Symbol.asyncIterator]()
  }

  /** undefined: the server has closed. */
  async line(): Promise<string | undefined> {
    const {value, done} = await this.#lines.next()
    return done ? undefined : value
  }

  /** Untagged and tagged lines. */
  async ask(command: string): Promise<string[]> {
    this.#tag += 1
    this.#socket.write(`a${this.#tag} ${command}\r\n`)
    const lines: string[] = []
    for (;;) {
      const line = await this.line()
      if (line === undefined) return lines
      lines.push(line)
      if (line.startsWith(`a${this.#tag} `) || line.startsWith('+ ')) return lines
    }
  }

  send(text: string): void {
    this.#socket.write(text)
  }
}

async function capabilities(dialogue: Dialogue): Promise<string[]> {
  const line = (await dialogue.ask('CAPABILITY')).find((each) => each.startsWith('* CAPABILITY ')) ?? ''
  return line.split(' ').slice(2).sort()
}

async function startTls(): Promise<string[]> {
  const socket = connect(143, '127.0.0.1')
  const dialogue = new Dialogue(socket)
  await dialogue.line()
  await dialogue.ask('STARTTLS')
  socket.removeAllListeners('data')
  const secure = connectTls({socket, rejectUnauthorized: false})
  await once(secure, 'secureConnect')
  const found = await capabilities(new Dialogue(secure))
  secure.destroy()
  return found
}

async function mailbox(user: string, {password, subject}: {readonly password: string; readonly subject: string | undefined}) {
  const secure = connectTls({host: '127.0.0.1', port: 993, rejectUnauthorized: false, ALPNProtocols: []})
  await once(secure, 'secureConnect')
  const dialogue = new Dialogue(secure)
  await dialogue.line()
  const tls = await capabilities(dialogue)
  await dialogue.ask(`LOGIN ${user} ${password}`)
  if (subject) {
    const message = `Subject: ${subject}\r\n\r\nx\r\n`
    await dialogue.ask(`APPEND INBOX {${message.length}}`)
    dialogue.send(`${message}\r\n`)
    await dialogue.line()
  }
  const selected = await dialogue.ask('SELECT INBOX')
  const uidValidity = /UIDVALIDITY (\d+)/.exec(selected.join(' '))?.[1] ?? selected.join(' ')
  const fetched = (await dialogue.ask('UID FETCH 1:* (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])')).join('\n')
  // UID may stand before or behind the header.
  const messages = fetched
    .split(/^\* \d+ FETCH /m)
    .slice(1)
    .map((message) => `${/UID (\d+)/.exec(message)?.[1]} ${/^Subject: (\S+)/m.exec(message)?.[1]}`)
  secure.destroy()
  return {tls, uidValidity, messages}
}

/** Opens many connections at once and counts those that are greeted with OK. */
async function greetedConnections(): Promise<number> {
  const sockets: Socket[] = []
  const answers = Array.from({length: ATTEMPTS}, async () => {
    const socket = connect(143, '127.0.0.1')
    sockets.push(socket)
    socket.on('error', () => undefined)
    const [first] = await Promise.race([once(socket, 'data'), once(socket, 'close')])
    return Buffer.isBuffer(first) && first.toString().startsWith('* OK')
  })
  const greeted = (await Promise.all(answers)).filter(Boolean).length
  for (const socket of sockets) socket.destroy()
  return greeted
}

const [user = '', password = '', subject] = process.argv.slice(2)
const socket = connect(143, '127.0.0.1')
const dialogue = new Dialogue(socket)
await dialogue.line()
const plain = await capabilities(dialogue)
socket.destroy()
const answers: ServerAnswers = {
  plain,
  startTls: await startTls(),
  ...(await mailbox(user, {password, subject})),
  greeted: await greetedConnections(),
  attempts: ATTEMPTS,
}
process.stdout.write(JSON.stringify(answers))
