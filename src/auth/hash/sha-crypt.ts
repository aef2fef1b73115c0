import {createHash} from 'node:crypto'
import {cryptBase64} from './crypt-base64.js'
import {repeated} from './md5-crypt.js'

interface Kind {
  readonly algorithm: string
  readonly octets: number
  readonly order: readonly (readonly number[])[]
}

/** `start`, `start + step`, … modulo: the digests are printed in groups of three that turn by one place each. */
function turning(octets: number, last: readonly number[]): readonly (readonly number[])[] {
  const third = Math.floor(octets / 3)
  const groups: number[][] = []
  for (let index = 0; index < third; index += 1) {
    const group = [index, index + third, index + 2 * third]
    const turn = octets === 64 ? index % 3 : (3 - (index % 3)) % 3
    groups.push([...group.slice(turn), ...group.slice(0, turn)])
  }
  return [...groups, last]
}

const KINDS: Record<string, Kind> = {
  5: {algorithm: 'sha256', octets: 32, order: turning(32, [31, 30])},
  6: {algorithm: 'sha512', octets: 64, order: turning(64, [63])},
}

const SETTING = /^\$([56])\$(?:rounds=([1-9]\d{3,8})\$)?(?!rounds=)([^$]{0,16})/
const DEFAULT_ROUNDS = 5000

/** SHA-256-crypt (`$5$`) and SHA-512-crypt (`$6$`) without the system's crypt(3); undefined when `setting` is of another kind. */
export function shaCrypt(password: Buffer, setting: string): string | undefined {
  const [, number = '', given, salt = ''] = SETTING.exec(setting) ?? []
  const kind = KINDS[number]
  if (!kind) return undefined
  const rounds = given === undefined ? DEFAULT_ROUNDS : Number(given)
  const digest = stretch(kind, password, Buffer.from(salt, 'latin1'), rounds)
  return `$${number}$${given === undefined ? '' : `rounds=${rounds}$`}${salt}$${cryptBase64(digest, kind.order)}`
}

/** The steps of the SHA-crypt specification, by their numbers. */
function stretch({algorithm, octets}: Kind, password: Buffer, salt: Buffer, rounds: number): Buffer {
  const hash = (...parts: readonly Buffer[]) => createHash(algorithm).update(Buffer.concat(parts)).digest()
  const other = hash(password, salt, password) // 4–8
  const start = [password, salt, repeated(other, password.length)] // 1–3, 9–10
  for (let bits = password.length; bits > 0; bits >>>= 1) start.push(bits & 1 ? other : password) // 11
  let digest = hash(...start) // 12
  const p = repeated(hash(Buffer.alloc(password.length ** 2, password)), password.length) // 13–16
  const s = repeated(hash(Buffer.alloc(salt.length * (16 + (digest[0] ?? 0)), salt)), salt.length) // 17–20
  for (let round = 0; round < rounds; round += 1) {
    const odd = round % 2 === 1
    const parts = [odd ? p : digest]
    if (round % 3) parts.push(s)
    if (round % 7) parts.push(p)
    parts.push(odd ? digest : p)
    digest = hash(...parts) // 21
  }
  return digest.subarray(0, octets)
}
