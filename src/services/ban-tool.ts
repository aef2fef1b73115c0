/** What `courier ban` does: the bans are in a file of the state directory, which running servers watch. */
import {homedir} from 'node:os'
import {defaultPlaces} from '../config/places.js'
import {type Ban, covers, current} from '../net/guard/ban.js'
import {banPath, changeBanFile, readBanFile} from '../net/guard/ban-file.js'
import {BadSyntax, Fault} from '../support/fault.js'
import {Networks} from '../support/networks.js'
import {tableText} from './table.js'
import {isRoot} from './unprivileged-user.js'

const UNITS_MS: Readonly<Record<string, number>> = {m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000}

function pathOf(state: string | undefined): string {
  return banPath(state ?? defaultPlaces({root: isRoot(), home: homedir(), env: process.env}).state)
}

/** @throws {Fault} `invalid-name` */
function networkOf(text: string): string {
  try {
    new Networks([text])
    return text
  } catch (error) {
    if (!(error instanceof BadSyntax)) throw error
    throw new Fault('invalid-name', `${error.message}: 192.0.2.9, 192.0.2.0/24, 2001:db8::/64`, {cause: error})
  }
}

/** @throws {Fault} `invalid-name` */
function spanMs(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,5})([mhdw])$/.exec(text) ?? []
  const ms = Number(count) * (UNITS_MS[unit] ?? 0)
  if (!(ms > 0)) throw new Fault('invalid-name', `"${text}" is no time: 30m, 12h, 7d, 4w`)
  return ms
}

/** Those that count now, the oldest first. @throws {Fault} */
export async function listBans(state: string | undefined): Promise<readonly Ban[]> {
  const path = pathOf(state)
  try {
    return current(await readBanFile(path), Date.now())
  } catch (error) {
    if (error instanceof BadSyntax) throw new Fault('unavailable', `${path}: ${error.message}`, {cause: error})
    throw error
  }
}

export interface NewBan {
  readonly network: string
  /** `12h`; undefined: until it is taken away. */
  readonly span: string | undefined
  readonly note: string | undefined
}

/** Bans an address or a network, from the next connection on. @throws {Fault} */
export async function addBan(state: string | undefined, {network, span, note}: NewBan): Promise<Ban> {
  const now = Date.now()
  const until = span === undefined ? undefined : now + spanMs(span)
  const ban: Ban = {network: networkOf(network), since: now, until, by: 'administrator', ...(note === undefined ? {} : {note})}
  await changeBanFile(pathOf(state), (bans) => [...bans.filter((each) => each.network !== network), ban])
  return ban
}

/** Takes away all bans that an address is in, or the one of a network. @returns how many. @throws {Fault} */
export async function removeBans(state: string | undefined, target: string | undefined): Promise<number> {
  if (target !== undefined) networkOf(target)
  let removed = 0
  await changeBanFile(pathOf(state), (bans) => {
    const left = target === undefined ? [] : bans.filter((ban) => !covers(ban, target))
    removed = bans.length - left.length
    return left
  })
  return removed
}

/** The list for people. */
export function banTable(bans: readonly Ban[]): string {
  const minute = (time: number | undefined) => (time === undefined ? 'removed by hand' : `${new Date(time).toISOString().slice(0, 16)}Z`)
  const rows = bans.map(({network, since, until, by, note}) => [network, minute(since), minute(until), by, note ?? ''])
  return tableText(['ADDRESS', 'SINCE', 'UNTIL', 'BY', 'NOTE'], rows)
}
