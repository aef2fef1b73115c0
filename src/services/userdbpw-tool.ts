import {randomBytes} from 'node:crypto'
import type {HashKind} from '../auth/hash/make-hash.js'
import type {HmacDigest} from '../auth/hmac/context.js'
import {newPassword} from './password-input.js'
import {octetsOf, type Tool, type ToolIo} from './tool.js'

/** What DES looks at. */
const DES_OCTETS = 8

const HMACS: Record<string, HmacDigest> = {'-hmac-md5': 'md5', '-hmac-sha1': 'sha1', '-hmac-sha256': 'sha256'}
/** Ours: for the field `scram-sha-256pw`. */
const SCRAM = '-scram-sha-256'
/** All but `-md5` are ours. */
const KINDS: Record<string, HashKind> = {'-md5': 'md5', '-sha256': 'sha256', '-sha512': 'sha512', '-yescrypt': 'yescrypt'}

/** The original's is DES, which real Courier and every crypt(3) know, and which is weak. */
export const userdbpwTool: Tool = userdbpw('des')

/**
 * What `courier userdbpw` makes: yescrypt, the default of Debian, which needs memory to guess as well as time; SHA-512-crypt
 * where the system cannot. Real Courier verifies both through crypt(3).
 */
export const strongUserdbpwTool: Tool = userdbpw('strong')

/**
 * `userdbpw`: prints the hash of a password that it asks for or reads from a line of standard input, as the original does
 * (`spec/auth.md` §5).
 */
function userdbpw(fallback: HashKind | 'strong'): Tool {
  return async (args, io) => {
    if (args.some((arg) => !Object.hasOwn(HMACS, arg) && !Object.hasOwn(KINDS, arg) && arg !== SCRAM)) {
      io.err(octetsOf(`${io.program}: invalid argument.\n`))
      return 1
    }
    const hmac = HMACS[args.findLast((arg) => arg in HMACS) ?? '']
    const kind = KINDS[args.findLast((arg) => arg in KINDS) ?? ''] ?? fallback
    return print({hmac, kind, scram: args.includes(SCRAM)}, io)
  }
}

interface Wanted {
  readonly hmac: HmacDigest | undefined
  readonly kind: HashKind | 'strong'
  readonly scram: boolean
}

async function print({hmac, kind, scram}: Wanted, io: ToolIo): Promise<number> {
  const answer = await newPassword(io)
  if (typeof answer === 'number') return answer
  // Each kind is loaded when it is wanted: the program runs for a moment only.
  if (scram) {
    const {formatScramSecret, makeScramSecret, SCRAM_ITERATIONS, SCRAM_SALT_OCTETS} = await import('../auth/scram/secret.js')
    const secret = makeScramSecret(answer, {salt: randomBytes(SCRAM_SALT_OCTETS), iterations: SCRAM_ITERATIONS})
    io.out(`${formatScramSecret(secret)}\n`)
    return 0
  }
  if (hmac === undefined && kind === 'des' && io.inputIsTerminal && answer.length > DES_OCTETS) {
    io.err(`Only the first ${DES_OCTETS} characters count with this kind of hash: -yescrypt and -sha512 have no such limit.\n`)
  }
  const hash = hmac ? (await import('../auth/hmac/context.js')).hmacContext(hmac, answer) : await makeHash(kind, answer)
  if (hash === undefined) {
    io.err(octetsOf(`${io.program}: this system cannot make a ${kind} hash of that password.\n`))
    return 1
  }
  io.out(`${hash}\n`)
  return 0
}

async function makeHash(kind: HashKind | 'strong', password: Buffer): Promise<string | undefined> {
  const {hashMakers} = await import('../auth/hash/make-hash.js')
  const crypt = (await import('../auth/native.js')).loadCrypt()
  const tools = {crypt, random: randomBytes}
  if (kind === 'strong') return hashMakers.yescrypt(password, tools) ?? hashMakers.sha512(password, tools)
  return hashMakers[kind](password, tools)
}
