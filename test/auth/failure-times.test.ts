/** Failed logins at a whole server, with real accounts: what failed does not show in the time of the answer. */
import {chown, mkdir, readdir, writeFile} from 'node:fs/promises'
import {connect} from 'node:net'
import * as assert from 'uvu/assert'
import {freePorts, startCourier} from '../support/server-process.js'
import {suite} from '../support/suite.js'
import {scratch} from './support/scratch.js'

const times = suite('Failed logins at a server', {limitMs: 60_000})

const PERIOD_MS = 1000
/** Of each kind, and how many come at the same time. */
const LOGINS = 12
const AT_ONCE = 3
const TOLERANCE_MS = 25
/** Fewer failures than BAN_AFTER has. */
const ATTEMPTS = 2
const NOBODY = 65_534

/** SHA-512-crypt of `secret`: a check that takes milliseconds where one of an unknown name takes none. */
const HASH = '$6$$2M9DchxW4txWyTYoZrH9D3VvAAQxBpEezYsLY6Cao.jwzEXpyL9xwip9hiUZX7GqTqe/E/z6iKvZqXUuqniQH.'
/** Knows nobody; its source is down for one name. */
const PIPE = `#!/bin/sh
while read line; do
  case "$line" in down*) exit 1 ;; pw*) echo FAIL ;; esac
done
`

const KINDS = {
  'wrong password': ['ann', 'pw-wrong', /^a NO \[AUTHENTICATIONFAILED\] Login failed\.$/],
  'unknown account': ['nobody', 'pw-wrong', /^a NO \[AUTHENTICATIONFAILED\] Login failed\.$/],
  'disabled account': ['off', 'secret', /^\* BYE IMAP access disabled for this account\.$/],
  'source that is down': ['down', 'pw-wrong', /^\* BYE \[UNAVAILABLE\] /],
} as const
type Kind = keyof typeof KINDS

/** From the command to its answer, milliseconds. */
function login(port: number, kind: Kind): Promise<number> {
  const [user, password, expected] = KINDS[kind]
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let [began, answered, text] = [0, 0, '']
    socket.setNoDelay(true).on('error', reject)
    socket.on('close', () => reject(new Error(`${kind}: closed after "${text}"`)))
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      const [, ...lines] = text.split('\r\n')
      if (began === 0 && lines.length > 0) {
        began = performance.now()
        socket.write(`a LOGIN ${user} ${password}\r\n`)
      } else if (lines.length > 1) {
        if (answered === 0) answered = performance.now()
        // A disabled account is told OK first, as Courier does.
        if (!lines.some((line) => expected.test(line))) return
        resolve(answered - began)
        socket.destroy()
      }
    })
  })
}

async function measure(port: number): Promise<ReadonlyMap<Kind, readonly number[]>> {
  const kinds = Object.keys(KINDS) as Kind[]
  const measured = new Map<Kind, number[]>(kinds.map((kind) => [kind, []]))
  for (let round = 0; round < LOGINS / AT_ONCE; round += 1) {
    const logins = kinds.flatMap((kind) => Array.from({length: AT_ONCE}, async () => measured.get(kind)?.push(await login(port, kind))))
    await Promise.all(logins)
  }
  return measured
}

const middle = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN

/**
 * How far apart the kinds are, milliseconds. All kinds of a round are asked at the same time, so that what the machine does besides delays
 * them alike: of each round it is the distance from the middle of the round that counts.
 */
function spread(measured: ReadonlyMap<Kind, readonly number[]>): number {
  const kinds = [...measured.values()]
  const round = (values: readonly number[], number: number) => values.slice(number * AT_ONCE, (number + 1) * AT_ONCE)
  const rounds = Array.from({length: LOGINS / AT_ONCE}, (_, number) => middle(kinds.flatMap((values) => round(values, number))))
  const distances = kinds.map((values) => middle(rounds.map((whole, number) => middle(round(values, number)) - whole)))
  return Math.max(...distances) - Math.min(...distances)
}

times('wrong, unknown, disabled and down are answered at the same time', async () => {
  await using at = await scratch()
  const ids = `uid=${NOBODY}|gid=${NOBODY}|home=${at.directory}`
  await at.userdb(`ann\t${ids}|systempw=${HASH}\noff\t${ids}|systempw=${HASH}|options=disableimap=1\n`)
  await writeFile(at.path('authProg'), PIPE, {mode: 0o755})
  // Whoever has failed ten times waits besides, on purpose: wrong passwords and unknown accounts alike, and not the other kinds.
  const settings = [`FAILED_LOGIN_SECONDS=${PERIOD_MS / 1000}`, 'LOGIN_DELAY_AFTER=0', `authdaemonvar=${at.path('run')}`]
  await writeFile(at.path('authdaemonrc'), ['authmodulelist="authuserdb authpipe"', ...settings, ''].join('\n'))
  await writeFile(at.path('imapd'), 'IMAPDSTART=YES\nMAXPERIP=40\n')
  await writeFile(at.path('imapd-ssl'), 'IMAPDSTARTTLS=NO\n')
  for (const part of ['cur', 'new', 'tmp']) await mkdir(at.path('Maildir', part), {recursive: true})
  const isRoot = process.geteuid?.() === 0
  if (isRoot) for (const name of ['.', ...(await readdir(at.directory, {recursive: true}))]) await chown(at.path(name), NOBODY, NOBODY)
  const [port = 0] = await freePorts(1)
  const args = ['serve', 'imap', '--config', at.directory, '--port', `127.0.0.1.${port}`]
  await using server = startCourier([...args, ...(isRoot ? ['--user', 'nobody'] : [])])
  assert.ok(await server.until('listening'), server.errors())
  let measured = await measure(port)
  // Other programs of the machine disturb a measurement; what shows does so each time.
  for (let attempt = 1; attempt < ATTEMPTS && spread(measured) >= TOLERANCE_MS; attempt += 1) measured = await measure(port)
  assert.ok(spread(measured) < TOLERANCE_MS, JSON.stringify([...measured]))
  for (const [kind, values] of measured) assert.ok(Math.min(...values) >= PERIOD_MS - 5, `${kind}: ${Math.min(...values)} ms`)
})

times.run()
