/** The two functions of the C library that Node does not have: flock(2) and crypt_r(3). */
import {Fault} from '../support/fault.js'
import {koffi} from '../support/native-library.js'

const LOCK_EX = 2
const LOCK_NB = 4

/** Takes the exclusive flock(2) lock of an open file if it is free. Released when the file is closed. */
export type TryLock = (fd: number) => boolean

/** @throws {Fault} `unavailable` on systems without flock */
export function loadTryLock(): TryLock {
  try {
    const flock = koffi.load(null).func('int flock(int fd, int operation)') as (fd: number, operation: number) => number
    return (fd) => flock(fd, LOCK_EX | LOCK_NB) === 0
  } catch (error) {
    throw new Fault('unavailable', 'This system has no flock', {cause: error})
  }
}

/** crypt(3): the hash of `password` by the scheme and salt of `setting`, undefined when the system cannot. Blocks its thread. */
export type Crypt = (password: Buffer, setting: string) => string | undefined

/** Large enough for `struct crypt_data` of every C library. */
const CRYPT_DATA_OCTETS = 256 * 1024

/** libxcrypt under its old and new name, other systems' own, and musl, which has it in the C library. */
const LIBRARIES = ['libcrypt.so.1', 'libcrypt.so.2', 'libcrypt.so', null] as const

/** The system's crypt, or undefined when it has none. Each thread loads its own: the work space is not shared. */
export function loadCrypt(): Crypt | undefined {
  for (const library of LIBRARIES) {
    try {
      const crypt = koffi.load(library).func('str crypt_r(uint8_t *phrase, uint8_t *setting, uint8_t *data)') as (
        phrase: Buffer,
        setting: Buffer,
        data: Buffer,
      ) => string | null
      return wrap(crypt)
    } catch {
      // The next one may exist.
    }
  }
  return undefined
}

function wrap(crypt: (phrase: Buffer, setting: Buffer, data: Buffer) => string | null): Crypt {
  const data = Buffer.alloc(CRYPT_DATA_OCTETS)
  return (password, setting) => {
    if (password.includes(0) || setting.includes('\0')) return undefined
    const phrase = Buffer.concat([password, Buffer.alloc(1)])
    try {
      const hash = crypt(phrase, Buffer.from(`${setting}\0`, 'latin1'), data)
      return hash === null || hash.startsWith('*') ? undefined : hash
    } finally {
      phrase.fill(0)
      data.fill(0)
    }
  }
}
