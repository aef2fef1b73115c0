/** Addresses that may not connect. */
import {BadSyntax} from '../../support/fault.js'
import {Networks} from '../../support/networks.js'

export interface Ban {
  /** An address or a network, `192.0.2.9`, `2001:db8:1:2::/64`. */
  readonly network: string
  /** Milliseconds since 1970. */
  readonly since: number
  /** undefined: until it is taken away. */
  readonly until: number | undefined
  /** Who has made it: the server, after too many failed logins, or an administrator. */
  readonly by: 'server' | 'administrator'
  /** Why, in an administrator's words. */
  readonly note?: string | undefined
}

const MAX_BANS = 20_000
const MAX_NOTE = 200

function isNetwork(text: string): boolean {
  try {
    new Networks([text])
    return true
  } catch (error) {
    if (error instanceof BadSyntax) return false
    throw error
  }
}

function readBan(value: unknown): Ban[] {
  const {network, since, until, by, note} = (value ?? {}) as Partial<Record<keyof Ban, unknown>>
  if (typeof network !== 'string' || typeof since !== 'number' || !isNetwork(network)) return []
  if (until !== undefined && until !== null && typeof until !== 'number') return []
  return [
    {
      network,
      since,
      until: until ?? undefined,
      by: by === 'server' ? 'server' : 'administrator',
      ...(typeof note === 'string' ? {note: note.slice(0, MAX_NOTE)} : {}),
    },
  ]
}

/** Bans from the text of their file; what is none is left out. @throws {BadSyntax} when it is no such file */
export function readBans(text: string): Ban[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new BadSyntax('It is no JSON', {cause: error})
  }
  const {bans} = (value ?? {}) as {bans?: unknown}
  if (!Array.isArray(bans)) throw new BadSyntax('It has no list "bans"')
  return bans.slice(-MAX_BANS).flatMap(readBan)
}

/** The text of their file, a ban on each line. The newest are kept when there are too many. */
export function formatBans(bans: readonly Ban[]): string {
  return `{"bans": [\n${bans
    .slice(-MAX_BANS)
    .map((ban) => JSON.stringify(ban))
    .join(',\n')}\n]}\n`
}

/** Those that count now. */
export function current(bans: readonly Ban[], nowMs: number): Ban[] {
  return bans.filter(({until}) => until === undefined || until > nowMs)
}

/** Whether an address or network lies within the ban, or is written alike. */
export function covers({network}: Ban, target: string): boolean {
  return network === target || (!target.includes('/') && new Networks([network]).has(target))
}
