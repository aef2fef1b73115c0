import type {Log} from '../../../log/log.js'
import {Secret} from '../../../log/secret.js'
import type {AccountAttributes, EnumeratedAccount} from '../module.js'
import type {LdapEntry} from './ldap-client.js'
import type {LdapSettings} from './ldap-settings.js'

/** Numbers for LDAP_GLOB_UID and LDAP_GLOB_GID; 0 when there are none. */
export interface CommonIds {
  readonly uid: number
  readonly gid: number
}

/** Attributes to ask for. */
export function wantedAttributes({attributes, options, mail}: LdapSettings): string[] {
  const named = Object.values(attributes).filter((name): name is string => name !== undefined)
  return [...new Set([mail, ...named, ...options.map(([attribute]) => attribute)])]
}

export interface EntryReading {
  readonly settings: LdapSettings
  readonly common: CommonIds
  readonly log: Log
}

/** The first value; more than one are reported. */
function reader(entry: LdapEntry, log: Log): (attribute: string | undefined) => Buffer | undefined {
  return (attribute) => {
    if (attribute === undefined) return undefined
    const [first, ...more] = entry.values(attribute)
    if (more.length > 0) log.warning('auth.duplicate-attribute', {reason: `authldaplib: duplicate attribute ${attribute} for ${entry.dn}`})
    return first
  }
}

/** The account that an entry describes; `user` is the login as given (`spec/auth.md` §18). */
export function accountOf(
  entry: LdapEntry,
  {user, service}: {user: string; service: string},
  {settings, common, log}: EntryReading,
): AccountAttributes {
  const {attributes, mailRoot} = settings
  const octets = reader(entry, log)
  const text = (attribute: string | undefined) => octets(attribute)?.toString('utf8')
  const secret = (attribute: string | undefined) => {
    const value = octets(attribute)
    return value && value.length > 0 ? new Secret(value.toString('latin1')) : undefined
  }
  const home = text(attributes.home) ?? ''
  const scram = secret(attributes.scram)
  return {
    address: user,
    ...idsOf(text, {settings, common}),
    home: mailRoot !== undefined && home !== '' ? `${mailRoot}/${home}` : home,
    maildir: text(service === 'courier' && attributes.delivery !== undefined ? attributes.delivery : attributes.maildir),
    quota: text(attributes.quota),
    fullName: text(attributes.fullName),
    options: optionsOf(text, settings),
    passwordHash: secret(attributes.hash),
    clearPassword: secret(attributes.clearPassword),
    secrets: scram ? new Map([['scram-sha-256pw', scram]]) : undefined,
  }
}

/** An account for each address of an entry; none when it has no home. */
export function enumeratedOf(entry: LdapEntry, {settings, common, log}: EntryReading): EnumeratedAccount[] {
  const octets = reader(entry, log)
  const text = (attribute: string | undefined) => octets(attribute)?.toString('utf8')
  // Courier: LDAP_MAILROOT is not applied here.
  const home = text(settings.attributes.home)
  if (!home) return []
  const rest = {...idsOf(text, {settings, common}), home, maildir: text(settings.attributes.maildir), options: optionsOf(text, settings)}
  return entry.values(settings.mail).map((name) => ({name: name.toString('utf8'), ...rest}))
}

type ReadText = (attribute: string | undefined) => string | undefined

function idsOf(text: ReadText, {settings: {attributes}, common}: Pick<EntryReading, 'settings' | 'common'>): CommonIds {
  const [uid, gid] = [text(attributes.uid), text(attributes.gid)]
  return {uid: uid === undefined ? common.uid : idOf(uid), gid: gid === undefined ? common.gid : idOf(gid)}
}

/** A whole number of 32 bits, else 0, which is nobody's. */
function idOf(text: string): number {
  const id = /^\d{1,10}$/.test(text.trim()) ? Number(text) : 0
  return id < 2 ** 32 ? id : 0
}

function optionsOf(text: ReadText, {options}: LdapSettings): string | undefined {
  const items = options.flatMap(([attribute, option]) => {
    const value = text(attribute)
    return value ? [`${option}=${value}`] : []
  })
  return items.length > 0 ? items.join(',') : undefined
}
