import type {ImapSettings} from './settings.js'

/** The strongest first: clients that take the first one they know take the best. */
const ORDER = ['SCRAM-SHA-256', 'CRAM-SHA256', 'CRAM-SHA1', 'CRAM-MD5', 'OAUTHBEARER', 'XOAUTH2', 'PLAIN', 'LOGIN']

/** Comes with its form for bound channels where there is one (RFC 5802 §6). */
const BINDING = 'SCRAM-SHA-256'

export interface MechanismState {
  readonly settings: ImapSettings
  readonly encrypted: boolean
  /** The connection can be bound to a login. */
  readonly canBind: boolean
}

/** Some encrypted connections are told of a mechanism that binds to them. */
export function announcesBinding({mechanismsTls}: ImapSettings): boolean {
  return mechanismsTls.includes(BINDING)
}

/**
 * The mechanisms that are announced: those that the configuration switches on, and PLAIN with encryption. SCRAM comes with its form for
 * bound channels, tokens only with encryption (RFC 7628 §3).
 */
export function announcedMechanisms({settings, encrypted, canBind}: MechanismState): readonly string[] {
  // Courier: its stock values announce nothing before STARTTLS and PLAIN after it; PLAIN and LOGIN work all the same.
  const on = new Set(encrypted ? ['PLAIN', ...settings.mechanismsTls] : settings.mechanisms)
  return ORDER.filter((name) => on.has(name)).flatMap((name) =>
    name === BINDING && encrypted && canBind ? [`${name}-PLUS`, name] : [name],
  )
}
