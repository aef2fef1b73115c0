import {Fault} from '../../../support/fault.js'
import {leadingNumber, type RcValues, required} from '../rc-file.js'

export type Dereference = 'never' | 'search' | 'find' | 'always'

/** `authldaprc` (`spec/auth.md` §18). Attribute names are undefined when there is none. */
export interface LdapSettings {
  /** Tried in turn. */
  readonly uris: readonly string[]
  readonly base: string
  readonly timeoutMs: number
  readonly startTls: boolean
  readonly dereference: Dereference
  /** Who searches; undefined: anybody. */
  readonly searcher: {readonly dn: string; readonly password: string} | undefined
  /** Passwords are checked by binding as the account. */
  readonly bindsToCheck: boolean
  readonly mail: string
  readonly filter: string | undefined
  readonly enumerateFilter: string | undefined
  readonly domain: string | undefined
  /** Numbers or names, for all accounts. */
  readonly commonUid: string | undefined
  readonly commonGid: string | undefined
  readonly mailRoot: string | undefined
  readonly attributes: LdapAttributes
  /** Attribute → option. */
  readonly options: readonly (readonly [attribute: string, option: string])[]
  readonly map: LdapMap | undefined
}

export interface LdapAttributes {
  readonly uid: string | undefined
  readonly gid: string | undefined
  readonly home: string
  readonly maildir: string | undefined
  readonly delivery: string | undefined
  readonly quota: string | undefined
  readonly fullName: string | undefined
  readonly clearPassword: string | undefined
  readonly hash: string | undefined
  /** An extension: secrets of SCRAM-SHA-256 (RFC 5803). */
  readonly scram: string | undefined
}

/** LDAP_EMAILMAP: a search that finds the name to search with. */
export interface LdapMap {
  readonly filter: string
  readonly base: string
  readonly attribute: string
  readonly mail: string
}

const DEREFERENCES: Readonly<Record<string, Dereference>> = {never: 'never', searching: 'search', finding: 'find', always: 'always'}
const DEFAULT_TIMEOUT_S = 5

/** @throws {Fault} `bad-configuration` */
export function ldapSettings(values: RcValues): LdapSettings {
  const optional = (name: string) => values.get(`LDAP_${name}`) || undefined
  const isOn = (name: string) => leadingNumber(values.get(`LDAP_${name}`)) !== 0
  const uris = required(values, 'LDAP_URI')
    .split(/[\s,]+/)
    .filter((uri) => uri !== '')
  const wrong = uris.find((uri) => !/^ldap[si]?:\/\/[^\s]*$/i.test(uri) || !URL.canParse(uri))
  if (wrong !== undefined || uris.length === 0)
    throw new Fault('bad-configuration', `LDAP_URI has "${wrong ?? ''}": not an address of a server`)
  // Version 2 is accepted for old files; what is spoken is version 3 (RFC 4511).
  if (![0, 2, 3].includes(leadingNumber(values.get('LDAP_PROTOCOL_VERSION'))))
    throw new Fault('bad-configuration', 'LDAP_PROTOCOL_VERSION is neither 2 nor 3')
  const dereference = DEREFERENCES[(optional('DEREF') ?? 'never').toLowerCase()]
  if (!dereference)
    throw new Fault('bad-configuration', `LDAP_DEREF is "${values.get('LDAP_DEREF')}": not never, searching, finding or always`)
  const mail = optional('MAIL') ?? 'mail'
  const base = required(values, 'LDAP_BASEDN')
  return {
    uris,
    base,
    timeoutMs: (leadingNumber(optional('TIMEOUT')) || DEFAULT_TIMEOUT_S) * 1000,
    startTls: isOn('TLS'),
    dereference,
    searcher: isOn('INITBIND') ? {dn: required(values, 'LDAP_BINDDN'), password: required(values, 'LDAP_BINDPW')} : undefined,
    bindsToCheck: isOn('AUTHBIND'),
    mail,
    filter: optional('FILTER'),
    enumerateFilter: optional('ENUMERATE_FILTER'),
    domain: optional('DOMAIN'),
    commonUid: optional('GLOB_UID'),
    // Courier: reads the number of LDAP_GLOB_UID.
    commonGid: optional('GLOB_GID'),
    mailRoot: optional('MAILROOT'),
    attributes: {
      uid: optional('UID'),
      gid: optional('GID'),
      home: optional('HOMEDIR') ?? 'homeDir',
      maildir: optional('MAILDIR'),
      delivery: optional('DEFAULTDELIVERY'),
      quota: optional('MAILDIRQUOTA'),
      fullName: optional('FULLNAME'),
      clearPassword: optional('CLEARPW'),
      hash: optional('CRYPTPW'),
      scram: optional('SCRAM_SHA_256'),
    },
    options: optionsOf(optional('AUXOPTIONS') ?? ''),
    map: mapOf(optional, {base, mail}),
  }
}

/** Courier: an item without `=OPTION` becomes `=value`; here it has the attribute's name, as documented. */
function optionsOf(text: string): [string, string][] {
  const items = text.split(',').map((item) => item.trim())
  return items
    .filter((item) => item !== '')
    .map((item) => {
      const equals = item.indexOf('=')
      return equals < 0 ? [item, item] : [item.slice(0, equals).trim(), item.slice(equals + 1).trim()]
    })
}

function mapOf(optional: (name: string) => string | undefined, {base, mail}: {base: string; mail: string}): LdapMap | undefined {
  const filter = optional('EMAILMAP')
  if (filter === undefined) return undefined
  return {
    filter,
    base: optional('EMAILMAP_BASEDN') ?? base,
    attribute: optional('EMAILMAP_ATTRIBUTE') ?? 'handle',
    mail: optional('EMAILMAP_MAIL') ?? mail,
  }
}
