/**
 * What a front that was taken over can try: `node hostile-front.js DIRECTORY UID GID PID …`, as root; the others' process ids. Becomes that user, connects to every
 * socket that it knows the name of, lies, and prints as JSON what came of it.
 */
import {readdirSync} from 'node:fs'
import {connect} from 'node:net'
import {join} from 'node:path'

const [base = '', uid = '', gid = '', ...others] = process.argv.slice(2)
const directory = join(base, readdirSync(base)[0] ?? '')
process.setgroups?.([])
process.setgid?.(Number(gid))
process.setuid?.(Number(uid))

function frameOf(value: object): Buffer {
  const body = Buffer.from(JSON.stringify(value))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length, body])
}

/** What the other side says to these octets, until it hangs up or the time is over. */
function say(name: string, octets: Buffer | string, limitMs = 1_000): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(join(directory, name))
    const timer = setTimeout(() => socket.destroy(), limitMs)
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
    })
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(text)
    })
    socket.on('connect', () => socket.write(octets))
  })
}

const result: Record<string, unknown> = {}
try {
  readdirSync(directory)
} catch (error) {
  result.directory = (error as NodeJS.ErrnoException).code
}
const reached = async (name: string) => {
  const said = await say(name, '', 300)
  return said === 'EACCES' ? said : name
}
result.sockets = [await reached('auth'), await reached('mail-1')]
if ((result.sockets as string[])[0] === 'auth') {
  const check = {service: 'imap', user: 'v1', password: 'wrong', remote: '192.0.2.1'}
  const refused = await say('auth', frameOf({kind: 'check', request: 1, service: 'imap', check}), 1_500)
  result['a wrong password'] = /"outcome":"(\w+)"/.exec(refused)?.[1]
  const account = {name: 'v1', uid: 52_000, gid: 52_000, home: '/', maildir: '/', options: []}
  const hello = await say('auth', frameOf({kind: 'issue', request: 1, account}))
  result['another user with a ticket of its own making'] = /ticket/.test(hello) ? hello : 'no answer'
  const answers = await Promise.all([say('mail-1', `${'0'.repeat(32)}a LIST "" *\r\n`), say('mail-1', 'a LOGIN v1 pass\r\n')])
  result['a guessed key'] = answers[0] || 'no answer'
  result['no key'] = answers[1] || 'no answer'
}
result['signals to the others'] = others.map((pid) => {
  try {
    return process.kill(Number(pid), 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code
  }
})
console.log(JSON.stringify(result))
