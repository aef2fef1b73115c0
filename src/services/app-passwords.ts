/** What `courier apppw` does. */
import {randomBytes} from 'node:crypto'
import {homedir} from 'node:os'
import {type AppPassword, canonicalAppPassword, hashAppPassword, makeAppPassword} from '../auth/app-passwords/app-password.js'
import {AppPasswordStore, useKey} from '../auth/app-passwords/store.js'
import {loadTryLock} from '../auth/native.js'
import {defaultPlaces} from '../config/places.js'
import {Fault} from '../support/fault.js'
import {tableText} from './table.js'
import {isRoot} from './unprivileged-user.js'

const DAY_MS = 24 * 60 * 60 * 1000
const UNITS: Record<string, number> = {h: DAY_MS / 24, d: DAY_MS, w: 7 * DAY_MS, y: 365 * DAY_MS}

export interface NewAppPassword {
  readonly account: string
  readonly name: string
  readonly services: readonly string[]
  /** As typed: `90d`, `2027-01-31`. */
  readonly expires: string | undefined
}

/** An app password as it is listed. */
export interface ListedAppPassword extends Omit<AppPassword, 'hash'> {
  readonly account: string
  readonly expired: boolean
  readonly lastUse: {readonly time: number; readonly service: string; readonly remote: string} | undefined
}

function openStore(state: string | undefined): AppPasswordStore {
  const directory = state ?? defaultPlaces({root: isRoot(), home: homedir(), env: process.env}).state
  return new AppPasswordStore({directory, tryLock: loadTryLock, random: randomBytes})
}

async function withStore<T>(state: string | undefined, work: (store: AppPasswordStore) => Promise<T>): Promise<T> {
  const store = openStore(state)
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

/** Makes an app password. @returns what to type; it cannot be shown again. @throws {Fault} */
export async function addAppPassword(state: string | undefined, {account, name, services, expires}: NewAppPassword): Promise<string> {
  if (!/^[^\x00-\x1f\x7f]{1,100}$/.test(name))
    throw new Fault('invalid-name', 'The name must have 1 to 100 characters, and no control characters')
  const wrong = services.find((service) => !/^[a-z0-9-]{1,32}$/.test(service))
  if (wrong !== undefined) throw new Fault('invalid-name', `"${wrong}" is no service: imap, pop3, esmtp, …`)
  const now = Date.now()
  const typed = makeAppPassword(randomBytes)
  const hash = hashAppPassword(canonicalAppPassword(typed) ?? '')
  const until = expires === undefined ? undefined : expiry(expires, now)
  await withStore(state, (store) => store.add(account, {name, hash, services, created: now, expires: until}))
  return typed
}

/** @throws {Fault} `invalid-name` */
function expiry(text: string, now: number): number {
  const span = /^(\d{1,5})([hdwy])$/.exec(text)
  const unit = UNITS[span?.[2] ?? '']
  const time = span && unit !== undefined ? now + Number(span[1]) * unit : /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time)) throw new Fault('invalid-name', `"${text}" is no time: 90d, 12w, 1y, or 2027-01-31`)
  if (time <= now) throw new Fault('invalid-name', `"${text}" is in the past`)
  return time
}

/** Those of an account, or all. @throws {Fault} */
export function listAppPasswords(state: string | undefined, account: string | undefined): Promise<readonly ListedAppPassword[]> {
  return withStore(state, async (store) => {
    const all = account === undefined ? await store.all() : new Map([[account, await store.of(account)]])
    const uses = await store.uses()
    const now = Date.now()
    return [...all].flatMap(([owner, list]) =>
      list.map(({hash, ...rest}) => ({
        account: owner,
        ...rest,
        expired: rest.expires !== undefined && rest.expires <= now,
        lastUse: uses.get(useKey(owner, hash)),
      })),
    )
  })
}

/** Revokes the one of that name, or all. @returns how many. @throws {Fault} */
export function removeAppPasswords(state: string | undefined, account: string, name: string | undefined): Promise<number> {
  return withStore(state, (store) => store.remove(account, name))
}

/** The list for people: columns. */
export function appPasswordTable(list: readonly ListedAppPassword[]): string {
  const day = (time: number | undefined) => (time === undefined ? '-' : new Date(time).toISOString().slice(0, 10))
  const rows = list.map(({account, name, services, created, expires, expired, lastUse}) => [
    account,
    name,
    services.join(',') || 'all',
    day(created),
    expired ? `${day(expires)} (over)` : day(expires),
    lastUse ? `${new Date(lastUse.time).toISOString().slice(0, 16)}Z ${lastUse.service} ${lastUse.remote}` : '-',
  ])
  return tableText(['ACCOUNT', 'NAME', 'SERVICES', 'CREATED', 'EXPIRES', 'LAST USE'], rows)
}
