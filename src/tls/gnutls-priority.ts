/**
 * Reads a priority string of GnuTLS (`TLS_PRIORITY`), which Debian's builds of Courier use, into OpenSSL's words.
 *
 * | Word | Here |
 * |---|---|
 * | `NORMAL`, `PERFORMANCE`, `LEGACY`, `PFS`, `SECURE128`, `@SYSTEM` | our defaults |
 * | `SECURE192`, `SECURE256`, `SUITEB192` | ciphers with keys of 256 bits |
 * | `SUITEB128` | AES-128-GCM and AES-256-GCM with P-256 and P-384 |
 * | `NONE` | nothing: everything has to be added |
 * | `+VERS-TLS1.x`, `-VERS-TLS1.x`, `!VERS-…`, `VERS-ALL`, `VERS-TLS-ALL` | lowest and highest version; below TLS 1.2 nothing is spoken |
 * | `±AES-128-GCM`, `±AES-256-GCM`, `±CHACHA20-POLY1305`, `±AES-128-CCM`, `±AES-256-CCM`, `±AES-128-CBC`, `±AES-256-CBC`, `CIPHER-ALL` | ciphers |
 * | `±ECDHE-RSA`, `±ECDHE-ECDSA`, `±DHE-RSA`, `±RSA`, `KX-ALL` | key exchange of TLS 1.2 |
 * | `±GROUP-X25519`, `±CURVE-SECP256R1`, … , `GROUP-ALL`, `CURVE-ALL` | groups |
 * | `±SHA1`, `±MAC-ALL` … , `SIGN-…`, `COMP-…`, `CTYPE-…`, `%COMPAT` and the like | accepted: there is nothing to choose here |
 * | `%SERVER_PRECEDENCE` | the server's order counts (it does anyway) |
 *
 * What is not in the table is reported.
 */
import type {TlsVersion} from '../config/imapd-ssl-options.js'

export interface Priority {
  readonly minVersion: TlsVersion
  readonly maxVersion: TlsVersion
  /** OpenSSL's cipher list, suites of TLS 1.3 first. */
  readonly ciphers: string
  /** OpenSSL's groups. */
  readonly groups: string
  /** Words that were not understood. */
  readonly unknown: readonly string[]
  /** Why nothing is left; the defaults are to be used then. */
  readonly empty: string | undefined
}

type Exchange = 'ECDHE-ECDSA' | 'ECDHE-RSA' | 'DHE-RSA' | 'RSA'

/** Ciphers in our order of preference: name in GnuTLS, suite of TLS 1.3, end of the name in OpenSSL's TLS 1.2. */
const CIPHERS: readonly {readonly name: string; readonly suite?: string; readonly tls12: string}[] = [
  {name: 'AES-128-GCM', suite: 'TLS_AES_128_GCM_SHA256', tls12: 'AES128-GCM-SHA256'},
  {name: 'AES-256-GCM', suite: 'TLS_AES_256_GCM_SHA384', tls12: 'AES256-GCM-SHA384'},
  {name: 'CHACHA20-POLY1305', suite: 'TLS_CHACHA20_POLY1305_SHA256', tls12: 'CHACHA20-POLY1305'},
  {name: 'AES-128-CCM', suite: 'TLS_AES_128_CCM_SHA256', tls12: 'AES128-CCM'},
  {name: 'AES-256-CCM', tls12: 'AES256-CCM'},
  {name: 'AES-128-CBC', tls12: 'AES128-SHA'},
  {name: 'AES-256-CBC', tls12: 'AES256-SHA'},
]

const GROUPS: Readonly<Record<string, string>> = {
  X25519: 'X25519',
  SECP256R1: 'P-256',
  SECP384R1: 'P-384',
  SECP521R1: 'P-521',
  X448: 'X448',
}

const EXCHANGES: readonly Exchange[] = ['ECDHE-ECDSA', 'ECDHE-RSA', 'DHE-RSA', 'RSA']

// CBC comes last, and with ECDHE only: programs of ten years ago know nothing else.
const DEFAULT_CIPHERS = ['AES-128-GCM', 'AES-256-GCM', 'CHACHA20-POLY1305', 'AES-128-CBC', 'AES-256-CBC']
const DEFAULT_GROUPS = ['X25519', 'SECP256R1', 'SECP384R1', 'SECP521R1']
const DEFAULT_EXCHANGES: readonly Exchange[] = ['ECDHE-ECDSA', 'ECDHE-RSA', 'DHE-RSA']

interface Chosen {
  versions: Set<string>
  ciphers: Set<string>
  groups: Set<string>
  exchanges: Set<string>
}

function normal(): Chosen {
  return {
    versions: new Set(['1.2', '1.3']),
    ciphers: new Set(DEFAULT_CIPHERS),
    groups: new Set(DEFAULT_GROUPS),
    exchanges: new Set(DEFAULT_EXCHANGES),
  }
}

const LEVELS: Readonly<Record<string, () => Chosen>> = {
  NORMAL: normal,
  PERFORMANCE: normal,
  LEGACY: normal,
  PFS: normal,
  SECURE: normal,
  SECURE128: normal,
  '@SYSTEM': normal,
  SECURE192: () => ({...normal(), ciphers: new Set(['AES-256-GCM', 'CHACHA20-POLY1305'])}),
  SECURE256: () => ({...normal(), ciphers: new Set(['AES-256-GCM', 'CHACHA20-POLY1305'])}),
  SUITEB128: () => ({...normal(), ciphers: new Set(['AES-128-GCM', 'AES-256-GCM']), groups: new Set(['SECP256R1', 'SECP384R1'])}),
  SUITEB192: () => ({...normal(), ciphers: new Set(['AES-256-GCM']), groups: new Set(['SECP384R1'])}),
  NONE: () => ({versions: new Set(), ciphers: new Set(), groups: new Set(), exchanges: new Set()}),
}

/** Where a word belongs, and what it adds or takes; undefined: unknown. */
function meaning(word: string): {readonly of: keyof Chosen; readonly what: readonly string[]} | 'nothing' | undefined {
  const version = /^VERS-(?:TLS)?(\d\.\d|ALL|-ALL)$/.exec(word)?.[1]
  if (version !== undefined)
    return {of: 'versions', what: version.endsWith('ALL') ? ['1.2', '1.3'] : /^1\.[23]$/.test(version) ? [version] : []}
  if (/^VERS-(SSL3\.0|DTLS.*)$/.test(word)) return 'nothing'
  if (word === 'CIPHER-ALL') return {of: 'ciphers', what: DEFAULT_CIPHERS}
  if (CIPHERS.some(({name}) => name === word)) return {of: 'ciphers', what: [word]}
  // Never spoken.
  if (/^(AES-\d+-CCM-8|CAMELLIA-.*|3DES-CBC|ARCFOUR-128|ARCFOUR|NULL|AES-192-CBC|GOST.*)$/.test(word)) return 'nothing'
  if (word === 'KX-ALL') return {of: 'exchanges', what: DEFAULT_EXCHANGES}
  if (EXCHANGES.some((name) => name === word)) return {of: 'exchanges', what: [word]}
  if (/^(DHE-DSS|DHE-PSK|ECDHE-PSK|RSA-PSK|PSK|SRP.*|ANON-.*|VKO.*)$/.test(word)) return 'nothing'
  const group = /^(?:GROUP|CURVE)-(.+)$/.exec(word)?.[1]
  if (group === 'ALL' || group === 'EC-ALL') return {of: 'groups', what: DEFAULT_GROUPS}
  if (group !== undefined && group in GROUPS) return {of: 'groups', what: [group]}
  if (/^(FFDHE\d+|DH-ALL|SECP(192|224)R1)$/.test(group ?? '')) return 'nothing'
  return /^(SIGN-.+|COMP-.+|CTYPE-.+|MAC-ALL|SHA1|SHA256|SHA384|MD5|AEAD)$/.test(word) ? 'nothing' : undefined
}

const FLAGS =
  /^%(SERVER_PRECEDENCE|COMPAT|SAFE_RENEGOTIATION|UNSAFE_RENEGOTIATION|PARTIAL_RENEGOTIATION|DISABLE_SAFE_RENEGOTIATION|NO_EXTENSIONS|NO_TICKETS|NO_STATUS_REQUEST|NO_ETM|LATEST_RECORD_VERSION|SSL3_RECORD_VERSION|STATELESS_COMPRESSION|VERIFY_.*|PROFILE_.*|FALLBACK_SCSV|FORCE_ETM|FORCE_SESSION_HASH|DUMBFW|DISABLE_WILDCARDS|GNUTLS_DEFAULT)$/

function apply(word: string, chosen: Chosen): boolean {
  if (word.startsWith('%')) return FLAGS.test(word)
  const sign = word[0] ?? ''
  const known = meaning(word.slice(1))
  if (!/[-+!]/.test(sign) || known === undefined) return false
  if (known === 'nothing') return true
  for (const each of known.what) {
    if (sign === '+') chosen[known.of].add(each)
    else chosen[known.of].delete(each)
  }
  return true
}

function cipherList({ciphers, exchanges, versions}: Chosen): string {
  const wanted = CIPHERS.filter(({name}) => ciphers.has(name))
  const suites = versions.has('1.3') ? wanted.flatMap(({suite}) => suite ?? []) : []
  const older = versions.has('1.2')
    ? EXCHANGES.filter((exchange) => exchanges.has(exchange)).flatMap((exchange) =>
        wanted
          .filter(({name}) => exchange.startsWith('ECDHE') || !name.endsWith('CBC'))
          .flatMap(({name, tls12}) => cipher(exchange, {name, tls12})),
      )
    : []
  // AEAD before CBC, whatever the key exchange is.
  const isCbc = (each: string) => each.endsWith('-SHA')
  return [...suites, ...older.filter((each) => !isCbc(each)), ...older.filter(isCbc)].join(':')
}

/** Name in OpenSSL; none where the combination does not exist. */
function cipher(exchange: Exchange, {name, tls12}: {readonly name: string; readonly tls12: string}): string[] {
  if (exchange === 'RSA') return name === 'CHACHA20-POLY1305' ? [] : [tls12]
  if (name.endsWith('CCM') && exchange === 'ECDHE-RSA') return []
  return [`${exchange}-${tls12}`]
}

/** Reads a priority string; an empty one gives our defaults. */
export function readPriority(text: string): Priority {
  const words = text
    .toUpperCase()
    .split(/[\s:,]+/)
    .filter((word) => word !== '')
  const unknown: string[] = []
  let chosen = normal()
  for (const [position, word] of words.entries()) {
    const level = LEVELS[word.replace(/^\+(?=SECURE|NORMAL|PERFORMANCE|SUITEB)/, '')]
    if (level && position === 0) chosen = level()
    else if (!level && !apply(word, chosen)) unknown.push(word)
  }
  const missing = Object.entries(chosen).find(
    ([name, set]: [string, Set<string>]) => set.size === 0 && (name !== 'exchanges' || !chosen.versions.has('1.3')),
  )
  const used = missing ? normal() : chosen
  return {
    minVersion: used.versions.has('1.2') ? 'TLSv1.2' : 'TLSv1.3',
    maxVersion: used.versions.has('1.3') ? 'TLSv1.3' : 'TLSv1.2',
    ciphers: cipherList(used),
    groups: [...used.groups].map((group) => GROUPS[group]).join(':'),
    unknown,
    empty: missing && `leaves no ${missing[0]}`,
  }
}
