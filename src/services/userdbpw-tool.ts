import {randomBytes} from 'node:crypto'
import type {HashKind} from '../auth/hash/make-hash.js'
import type {HmacDigest} from '../auth/hmac/context.js'
import {newPassword} from './password-input.js'
import {octetsOf, type Tool} from './tool.js'

/** What DES looks at. */
const DES_OCTETS = 8

const HMACS: Record<string, HmacDigest> = {'-hmac-md5': 'md5', '-hmac-sha1': 'sha1', '-hmac-sha256': 'sha256'}
/** Ours: for the field `scram-sha-256pw`. */
const SCRAM = '-scram-sha-256'
/** All but `-md5` are ours. */
const KINDS: Record<string, HashKind> = {'-md5': 'md5', '-sha256': 'sha256', '-sha512': 'sha512', '-yescrypt': 'yescrypt'}

/**
 * `userdbpw`: prints the hash of a password that it asks for or reads from a line of standard input, as the original does
 * (`spec/auth.md` §5). Without an option that is DES, which real Courier and every crypt(3) know, and which is weak.
 */
export const userdbpwTool: Tool = async (args, io) => {
  if (args.some((arg) => !(arg in HMACS) && !(arg in KINDS) && arg !== SCRAM)) {
    io.err(octetsOf(`${io.program}: invalid argument.\n`))
    return 1
  }
  const hmac = args.findLast((arg) => arg in HMACS)
  const kind = KINDS[args.findLast((arg) => arg in KINDS) ?? ''] ?? 'des'
  const answer = await newPassword(io)
  if (typeof answer === 'number') return answer
  // Each kind is loaded when it is wanted: the program runs for a moment only.
  if (args.includes(SCRAM)) {
    const {formatScramSecret, makeScramSecret, SCRAM_ITERATIONS, SCRAM_SALT_OCTETS} = await import('../auth/scram/secret.js')
    const secret = makeScramSecret(answer, {salt: randomBytes(SCRAM_SALT_OCTETS), iterations: SCRAM_ITERATIONS})
    io.out(`${formatScramSecret(secret)}\n`)
    return 0
  }
  const digest = HMACS[hmac ?? '']
  if (digest === undefined && kind === 'des' && io.inputIsTerminal && answer.length > DES_OCTETS) {
    io.err(`Only the first ${DES_OCTETS} characters count with this kind of hash: -yescrypt and -sha512 have no such limit.\n`)
  }
  const hash = digest ? (await import('../auth/hmac/context.js')).hmacContext(digest, answer) : await makeHash(kind, answer)
  if (hash === undefined) {
    io.err(octetsOf(`${io.program}: this system cannot make a ${kind} hash of that password.\n`))
    return 1
  }
  io.out(`${hash}\n`)
  return 0
}

async function makeHash(kind: HashKind, password: Buffer): Promise<string | undefined> {
  const {hashMakers} = await import('../auth/hash/make-hash.js')
  // Ours takes a millisecond for this one; the system's takes longer to load.
  const crypt = kind === 'md5' ? undefined : (await import('../auth/native.js')).loadCrypt()
  return hashMakers[kind](password, {crypt, random: randomBytes})
}
