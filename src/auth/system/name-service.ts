/** System accounts as the C library finds them: also those of LDAP and other name services. Blocks: for processes of their own. */
import {koffi, loadLibrary} from '../../support/native-library.js'

/** An entry of passwd(5). */
export interface SystemAccount {
  readonly name: string
  readonly passwordHash: string
  readonly uid: number
  readonly gid: number
  readonly gecos: string
  readonly home: string
}

/** What shadow(5) says of an account. Days since 1970; -1: not set. */
export interface ShadowEntry {
  readonly passwordHash: string
  readonly lastChange: number
  readonly maxDays: number
  readonly expires: number
}

export interface NameService {
  /** Undefined when there is no such user. @throws {Error} when it cannot be told */
  account(name: string): SystemAccount | undefined
  /** Undefined when there is no such entry. @throws {Error} when it cannot be told or may not be read */
  shadow(name: string): ShadowEntry | undefined
  /** The number of a group; undefined when there is no such group. @throws {Error} when it cannot be told */
  group(name: string): number | undefined
  /** Everybody with at least this uid. */
  accounts(leastUid: number): SystemAccount[]
}

/** What these functions leave in errno when there is no such user (getpwnam(3)): none, EPERM, ENOENT, ESRCH, EBADF. */
const NOT_FOUND = new Set([0, 1, 2, 3, 9])

/** @throws {Fault} `unavailable` on systems without these functions */
export function loadNameService(): NameService {
  const libc = loadLibrary([null])
  const passwd = koffi.struct({name: 'str', hash: 'str', uid: 'uint32', gid: 'uint32', gecos: 'str', home: 'str', shell: 'str'})
  const spwd = koffi.struct({
    name: 'str',
    hash: 'str',
    lastChange: 'long',
    min: 'long',
    maxDays: 'long',
    warn: 'long',
    inactive: 'long',
    expires: 'long',
  })
  const getpwnam = libc.func('void *getpwnam(str name)')
  const groupType = koffi.struct({name: 'str', hash: 'str', gid: 'uint32', members: 'void *'})
  const getgrnam = libc.func('void *getgrnam(str name)')
  const getspnam = libc.func('void *getspnam(str name)')
  const setpwent = libc.func('void setpwent()')
  const getpwent = libc.func('void *getpwent()')
  const endpwent = libc.func('void endpwent()')

  const find = <T>(call: (name: string) => unknown, name: string, type: ReturnType<typeof koffi.struct>): T | undefined => {
    koffi.errno(0)
    const found = call(name)
    const errno = koffi.errno()
    if (found) return koffi.decode(found, type) as T
    if (NOT_FOUND.has(errno)) return undefined
    throw new Error(`The name service failed with errno ${errno}`)
  }
  return {
    account(name) {
      const entry = find<PasswdEntry>(getpwnam, name, passwd)
      return entry && systemAccount(entry)
    },
    shadow(name) {
      const entry = find<SpwdEntry>(getspnam, name, spwd)
      return (
        entry && {
          passwordHash: entry.hash ?? '',
          lastChange: Number(entry.lastChange),
          maxDays: Number(entry.maxDays),
          expires: Number(entry.expires),
        }
      )
    },
    group: (name) => find<{gid: number}>(getgrnam, name, groupType)?.gid,
    accounts(leastUid) {
      const accounts: SystemAccount[] = []
      setpwent()
      for (let entry: unknown = getpwent(); entry; entry = getpwent()) {
        const account = systemAccount(koffi.decode(entry, passwd) as PasswdEntry)
        if (account.uid >= leastUid) accounts.push(account)
      }
      endpwent()
      return accounts
    },
  }
}

interface PasswdEntry {
  readonly name: string | null
  readonly hash: string | null
  readonly uid: number
  readonly gid: number
  readonly gecos: string | null
  readonly home: string | null
}

interface SpwdEntry {
  readonly hash: string | null
  readonly lastChange: number | bigint
  readonly maxDays: number | bigint
  readonly expires: number | bigint
}

function systemAccount({name, hash, uid, gid, gecos, home}: PasswdEntry): SystemAccount {
  return {name: name ?? '', passwordHash: hash ?? '', uid, gid, gecos: gecos ?? '', home: home ?? ''}
}
