import {createPublicKey, type JsonWebKey, type KeyObject, X509Certificate} from 'node:crypto'
import {open} from 'node:fs/promises'
import {Fault} from '../../support/fault.js'
import {systemText} from '../../support/system-text.js'

/** A key that tokens may be signed with. */
export interface TokenKey {
  /** Name within the set, `kid`. */
  readonly id: string | undefined
  /** The only algorithm it is for, when the set says one. */
  readonly algorithm: string | undefined
  readonly key: KeyObject
}

const MAX_OCTETS = 1_048_576
const MAX_KEYS = 100
const MIN_RSA_BITS = 2048
const PEM_BLOCK = /-----BEGIN (PUBLIC KEY|RSA PUBLIC KEY|CERTIFICATE)-----[A-Za-z0-9+/=\s]+-----END \1-----/g

/** Public keys in a file: a JSON Web Key Set (RFC 7517 §5), or public keys and certificates in PEM. A changed file counts at once. */
export class KeyFile {
  readonly #path: string
  #known: {readonly identity: string; readonly keys: readonly TokenKey[]} | undefined

  constructor(path: string) {
    this.#path = path
  }

  /** @throws {Fault} `unavailable` when there are no usable keys */
  async keys(): Promise<readonly TokenKey[]> {
    let file: Awaited<ReturnType<typeof open>> | undefined
    try {
      file = await open(this.#path, 'r')
      const {dev, ino, size, mtimeMs, ctimeMs} = await file.stat()
      const identity = [dev, ino, size, mtimeMs, ctimeMs].join(' ')
      if (this.#known?.identity === identity) return this.#known.keys
      if (size > MAX_OCTETS) throw new Fault('unavailable', `"${this.#path}" is larger than ${MAX_OCTETS} octets`)
      const keys = parseTokenKeys(await file.readFile('utf8'))
      if (keys.length === 0) throw new Fault('unavailable', `"${this.#path}" has no public key that tokens can be checked with`)
      this.#known = {identity, keys}
      return keys
    } catch (error) {
      if (error instanceof Fault) throw error
      throw new Fault('unavailable', `Cannot read the keys of "${this.#path}": ${systemText(error)}`, {cause: error})
    } finally {
      await file?.close()
    }
  }
}

/** The keys that can check signatures; others are left out. */
export function parseTokenKeys(text: string): TokenKey[] {
  const keys = text.trimStart().startsWith('{') ? fromSet(text) : fromPem(text)
  return keys.filter(({key}) => isStrong(key)).slice(0, MAX_KEYS)
}

function fromSet(text: string): TokenKey[] {
  const set = JSON.parse(text) as {readonly keys?: unknown}
  return (Array.isArray(set.keys) ? set.keys : []).flatMap((jwk: JsonWebKey & Record<string, unknown>) => {
    if (jwk === null || typeof jwk !== 'object' || jwk.kty === 'oct' || (jwk.use !== undefined && jwk.use !== 'sig')) return []
    try {
      const key = createPublicKey({key: jwk, format: 'jwk'})
      return [{id: textOf(jwk.kid), algorithm: textOf(jwk.alg), key}]
    } catch {
      return []
    }
  })
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function fromPem(text: string): TokenKey[] {
  return [...text.matchAll(PEM_BLOCK)].flatMap(([pem, kind]) => {
    try {
      return [
        {id: undefined, algorithm: undefined, key: kind === 'CERTIFICATE' ? new X509Certificate(pem).publicKey : createPublicKey(pem)},
      ]
    } catch {
      return []
    }
  })
}

function isStrong({asymmetricKeyType, asymmetricKeyDetails}: KeyObject): boolean {
  if (asymmetricKeyType === 'rsa') return (asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS
  return asymmetricKeyType === 'ed25519' || (asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1')
}
