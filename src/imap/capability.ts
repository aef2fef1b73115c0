import {announcedMechanisms, announcesBinding} from './announced-mechanisms.js'
import type {ImapSettings} from './settings.js'
import type {AnyVerb} from './verb.js'

/** Courier's order (`spec/imap.md` §2, `IMAP_CAPABILITY`); other words follow as the registry lists them. */
const ORDER = ['IMAP4rev1', 'UIDPLUS', 'CHILDREN', 'NAMESPACE', 'THREAD=ORDEREDSUBJECT', 'THREAD=REFERENCES', 'SORT', 'QUOTA', 'IDLE']

/** Words that the protocol layer itself stands for. */
const BUILT_IN = ['IMAP4rev1', 'LITERAL+']

/** How a connection stands. */
export interface ConnectionState {
  readonly authenticated: boolean
  readonly encrypted: boolean
  /** STARTTLS is possible now. */
  readonly canEncrypt: boolean
  /** The connection can be bound to a login (RFC 5056); asked only when that makes a difference. */
  readonly canBind: () => boolean
  /** A client certificate names an account. */
  readonly hasIdentity: boolean
}

type CapabilityState = Omit<ConnectionState, 'canBind'> & {
  readonly canBind: boolean
  readonly settings: ImapSettings
  readonly verbs: readonly AnyVerb[]
}

/** Login needs encryption and there is none. */
export function tlsMissing({settings, encrypted}: Pick<CapabilityState, 'settings' | 'encrypted'>): boolean {
  return settings.tlsRequired && !encrypted
}

/** What a server with these settings and commands tells in CAPABILITY, put together once for each state of a connection. */
export class Capabilities {
  readonly #settings: ImapSettings
  readonly #verbs: readonly AnyVerb[]
  readonly #known = new Map<number, string>()

  constructor(settings: ImapSettings, verbs: readonly AnyVerb[]) {
    this.#settings = settings
    this.#verbs = verbs
  }

  /** The words in Courier's order (`spec/imap.md` §3). */
  words(state: ConnectionState): string {
    const {authenticated, encrypted, canEncrypt, hasIdentity} = state
    const canBind = !authenticated && encrypted && announcesBinding(this.#settings) && state.canBind()
    let number = 0
    for (const holds of [authenticated, encrypted, canEncrypt, canBind, hasIdentity]) number = 2 * number + (holds ? 1 : 0)
    const words = this.#known.get(number) ?? capabilityWords({...state, canBind, settings: this.#settings, verbs: this.#verbs})
    this.#known.set(number, words)
    return words
  }
}

function capabilityWords(state: CapabilityState): string {
  const {settings, encrypted} = state
  const fixed = (encrypted ? settings.capabilityTls : undefined) ?? settings.capability
  const words = [...(fixed === undefined ? automatic(state) : [fixed]), ...always(state)]
  const hidden = new Set(settings.capabilityHide.map((word) => word.toUpperCase()))
  return [...words, ...settings.capabilityExtra].filter((word) => !hidden.has(word.toUpperCase())).join(' ')
}

function automatic(state: CapabilityState): string[] {
  const implemented = new Set([...BUILT_IN, ...state.verbs.flatMap((verb) => verb.capability ?? [])])
  const known = ORDER.filter((word) => implemented.has(word))
  const others = [...implemented].filter((word) => !ORDER.includes(word) && !LAST.includes(word))
  return [...known, ...others.flatMap((word) => (word === 'SASL-IR' ? loginWords(state) : [word]))]
}

/** Words about the login are told before it, and mechanisms only while it is possible. */
function loginWords(state: CapabilityState): string[] {
  if (state.authenticated) return []
  const mechanisms = tlsMissing(state) ? [] : announcedMechanisms(state)
  return ['SASL-IR', ...mechanisms.map((name) => `AUTH=${name}`)]
}

/** Words that Courier's own code adds after the configured ones. */
const LAST = ['ID', 'STARTTLS', 'LOGINDISABLED', 'ENABLE', 'UTF8=ACCEPT']

function always(state: CapabilityState): string[] {
  const words = state.settings.idFields === undefined ? [] : ['ID']
  if (state.canEncrypt) words.push('STARTTLS')
  else if (state.hasIdentity && !state.authenticated) words.push('AUTH=EXTERNAL')
  if (!state.authenticated && tlsMissing(state)) words.push('LOGINDISABLED')
  return [...words, 'ENABLE', 'UTF8=ACCEPT']
}
