/** What a stored hash is, for people: never any of its octets. */
export interface HashScheme {
  readonly name: string
  /** Why it should be replaced; undefined when it need not. */
  readonly weakness: string | undefined
}

const QUICK = 'a stolen one is guessed quickly'

const SCHEMES: readonly (readonly [form: RegExp, name: string, weakness: string | undefined])[] = [
  [/^\{MD5\}/i, '{MD5}', QUICK],
  [/^\{MD5RAW\}/i, '{MD5RAW}', QUICK],
  [/^\{SHA\}/i, '{SHA}', QUICK],
  [/^\{SHA256\}/i, '{SHA256}', QUICK],
  [/^\{SHA512\}/i, '{SHA512}', QUICK],
  [/^\{SSHA\}/i, '{SSHA}', QUICK],
  [/^\$1\$/, 'MD5-crypt', QUICK],
  [/^\$2[abxy]\$/, 'bcrypt', undefined],
  [/^\$5\$/, 'SHA-256-crypt', undefined],
  [/^\$6\$/, 'SHA-512-crypt', undefined],
  [/^\$7\$/, 'scrypt', undefined],
  [/^\$y\$/, 'yescrypt', undefined],
  [/^\$gy\$/, 'gost-yescrypt', undefined],
  [/^[./0-9A-Za-z]{13}$/, 'DES', 'only the first 8 characters count, and a stolen one is guessed at once'],
]

/** The scheme of a stored hash; one that no password can match has the name `locked` or `unknown`. */
export function hashScheme(stored: string): HashScheme {
  const plain = stored.replace(/^\{CRYPT\}/i, '')
  if (/^[*!]/.test(plain) || plain === '') return {name: 'locked', weakness: 'no password matches it'}
  const known = SCHEMES.find(([form]) => form.test(plain))
  if (known) return {name: known[1], weakness: known[2]}
  return {
    name: 'unknown',
    weakness: "it is of no scheme that is known here: only the system's crypt(3) may know it, clear text never matches",
  }
}
