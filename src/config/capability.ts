/** What `IMAP_CAPABILITY` asks for (`design.md` §5). */
import {IMAPD} from './imapd-options.js'
import type {Settings} from './settings.js'

export interface CapabilityChoice {
  /** To be sent word for word; undefined: what is implemented is announced. */
  readonly plain: string | undefined
  /** The same under encryption. */
  readonly tls: string | undefined
  /** SASL mechanisms that `AUTH=` words in the values switch on, in upper case. */
  readonly mechanisms: readonly string[]
  readonly mechanismsTls: readonly string[]
}

function mechanismsOf(value: string): readonly string[] {
  return value
    .toUpperCase()
    .split(/\s+/)
    .filter((word) => word.startsWith('AUTH='))
    .map((word) => word.slice('AUTH='.length))
}

/** Words of all versions' stock values. `AUTH=` words come in addition and switch mechanisms on. */
const ALWAYS_STOCK = ['IMAP4REV1', 'CHILDREN', 'NAMESPACE', 'THREAD=ORDEREDSUBJECT', 'THREAD=REFERENCES', 'SORT', 'QUOTA']
/** Stock in some versions only. */
const SOMETIMES_STOCK = new Set(['UIDPLUS', 'IDLE', 'ACL', 'ACL2=UNION', 'STARTTLS'])

/** Whether this is the shipped value of some version of Courier, with or without `AUTH=` words. */
export function isStockCapability(value: string): boolean {
  const words = new Set(
    value
      .toUpperCase()
      .split(/\s+/)
      .filter((word) => word !== '' && !word.startsWith('AUTH=')),
  )
  if (words.size === 0) return true
  const known = ALWAYS_STOCK.every((word) => words.delete(word))
  return known && [...words].every((word) => SOMETIMES_STOCK.has(word))
}

/** The shipped values of all versions of Courier mean "automatic"; any other value is meant as it stands. */
export function readCapability(settings: Settings): CapabilityChoice {
  const plain = settings.get(IMAPD.IMAP_CAPABILITY).trim()
  // Courier: an empty value under TLS falls back to the plain one (`spec/imap.md` §3).
  const tls = settings.get(IMAPD.IMAP_CAPABILITY_TLS).trim() || plain
  const mechanisms = {mechanisms: mechanismsOf(plain), mechanismsTls: mechanismsOf(tls)}
  if (isStockCapability(plain)) return {plain: undefined, tls: isStockCapability(tls) ? undefined : tls, ...mechanisms}
  return {plain, tls, ...mechanisms}
}
