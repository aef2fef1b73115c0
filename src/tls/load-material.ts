/** Reads what `TlsMaterial` is made of, and reads again what has changed. */
import {X509Certificate} from 'node:crypto'
import {readdir, readFile, stat} from 'node:fs/promises'
import {basename, dirname, join} from 'node:path'
import {domainToASCII} from 'node:url'
import {errnoOf, Fault} from '../support/fault.js'
import {checkDhParameters} from './check-dh-parameters.js'
import {FromFiles, type Look} from './from-files.js'
import {type LoadedCertificate, loadCertificate} from './load-certificate.js'
import type {CertifiedKey} from './tls-material.js'

/** The files of one port. */
export interface TlsFiles {
  /** `TLS_CERTFILE`. */
  readonly certificate: string
  /** `TLS_PRIVATE_KEYFILE`, when it is set. */
  readonly key: string | undefined
  /** `TLS_TRUSTCERTS`, a file or a directory; undefined: client certificates are not asked for. */
  readonly trust: string | undefined
  /** `TLS_DHPARAMS`. */
  readonly dhParameters: string | undefined
  /** A prime with fewer bits is not used. */
  readonly minDhBits: number
}

/** What the files say now. */
export interface LoadedMaterial {
  readonly certificates: readonly CertifiedKey[]
  readonly trust: string | undefined
  readonly dhParameters: string | undefined
  readonly changed: boolean
  /** Files that cannot be used, and why: what was good before is still used. */
  readonly problems: readonly string[]
  /** The plain certificate is an older one than its file: the problem with that. */
  readonly outdated: string | undefined
  /** What is used, but should be looked after. */
  readonly warnings: readonly string[]
  /** Every path that was looked at. */
  readonly paths: readonly string[]
}

/** Most certificates of one port. */
const MAX_CERTIFICATES = 10_000
const MAX_TRUST_OCTETS = 16 * 1024 * 1024
/** Files are read so many at a time. */
const AT_ONCE = 16

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

export class MaterialLoader {
  readonly #files: TlsFiles
  readonly #certificates = new Map<string, FromFiles<LoadedCertificate>>()
  readonly #trust: FromFiles<string> | undefined
  readonly #dhParameters: FromFiles<string | undefined> | undefined

  constructor(files: TlsFiles) {
    this.#files = files
    const {trust, dhParameters, minDhBits} = files
    this.#trust = trust === undefined ? undefined : new FromFiles({paths: [trust], load: () => readTrust(trust)})
    this.#dhParameters =
      dhParameters === undefined ? undefined : new FromFiles({paths: [dhParameters], load: () => readDhParameters(dhParameters, minDhBits)})
  }

  /** Never throws. */
  async load(): Promise<LoadedMaterial> {
    const removed = await this.#find()
    const sources = [...this.#certificates.values(), this.#trust, this.#dhParameters].filter((each) => each !== undefined)
    const looks = await lookAtAll(sources)
    const problems = sources.filter(({problem}) => problem !== undefined).map(({problem}) => messageOf(problem))
    const loaded = [...this.#certificates].flatMap(([suffix, {value}]) => (value ? [{suffix, value}] : []))
    const plain = this.#certificates.get('')
    return {
      outdated: plain?.value && plain.problem !== undefined ? messageOf(plain.problem) : undefined,
      certificates: loaded.map(({suffix, value: {cert, key}}) => ({suffix, cert, key})),
      trust: this.#trust?.value,
      // Courier: without the file, or without parameters in it, those that old certificate files have.
      dhParameters: this.#dhParameters?.value ?? this.#certificates.get('')?.value?.dhParameters,
      changed: removed || looks.includes('changed'),
      problems,
      warnings: loaded.flatMap(({suffix, value}) => expiry(this.#pathOf(suffix), value)),
      paths: this.#paths(),
    }
  }

  #pathOf(suffix: string): string {
    return suffix === '' ? this.#files.certificate : `${this.#files.certificate}.${suffix}`
  }

  #paths(): string[] {
    const {certificate, key, trust, dhParameters} = this.#files
    const named = [certificate, key, trust, dhParameters].filter((path) => path !== undefined)
    const suffixes = [...this.#certificates.keys()].filter((suffix) => suffix !== '')
    return [...named, ...suffixes.flatMap((suffix) => [this.#pathOf(suffix), ...(key === undefined ? [] : [`${key}.${suffix}`])])]
  }

  /** Looks for `TLS_CERTFILE.*`; true when one has gone. */
  async #find(): Promise<boolean> {
    const {certificate, key} = this.#files
    const begin = `${basename(certificate)}.`
    const names = await readdir(dirname(certificate)).catch(() => [])
    const suffixes = names.filter((name) => name.startsWith(begin) && name.length > begin.length).map((name) => name.slice(begin.length))
    const wanted = new Set(['', ...suffixes.slice(0, MAX_CERTIFICATES)])
    const gone = [...this.#certificates.keys()].filter((suffix) => !wanted.has(suffix))
    for (const suffix of gone) this.#certificates.delete(suffix)
    for (const suffix of wanted) {
      if (this.#certificates.has(suffix)) continue
      const path = this.#pathOf(suffix)
      const keys = key === undefined ? [] : [suffix === '' ? key : `${key}.${suffix}`]
      const lastKey = suffix === '' ? undefined : key
      const paths = [path, ...keys, ...(lastKey === undefined ? [] : [lastKey])]
      this.#certificates.set(suffix, new FromFiles({paths, load: () => loadCertificate({certificate: path, keys, lastKey})}))
    }
    return gone.length > 0
  }
}

async function lookAtAll(sources: readonly FromFiles<unknown>[]): Promise<Look[]> {
  const looks: Look[] = []
  for (let at = 0; at < sources.length; at += AT_ONCE) {
    looks.push(...(await Promise.all(sources.slice(at, at + AT_ONCE).map((each) => each.look()))))
  }
  return looks
}

function expiry(path: string, {validTo}: LoadedCertificate): string[] {
  if (validTo.getTime() >= Date.now()) return []
  return [`${path}: The certificate ended on ${validTo.toISOString().slice(0, 10)}`]
}

/** undefined when there is no such file: clients of today do without (Courier writes an error line for every connection). */
async function readDhParameters(path: string, minDhBits: number): Promise<string | undefined> {
  let text: string
  try {
    text = await readFile(path, 'latin1')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw new Fault('bad-configuration', `TLS_DHPARAMS: "${path}" cannot be read`, {cause: error})
  }
  return checkDhParameters(text, {path, minDhBits})
}

/**
 * The certificates of a file, or of all files in a directory that are not hidden.
 *
 * @throws {Fault} `bad-configuration`
 */
async function readTrust(path: string): Promise<string> {
  let text: string
  try {
    text = (await stat(path)).isDirectory() ? await readFolder(path) : await readFile(path, 'latin1')
  } catch (error) {
    throw new Fault('bad-configuration', `TLS_TRUSTCERTS: "${path}" cannot be read as certificates`, {cause: error})
  }
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (blocks.length === 0) throw new Fault('bad-configuration', `TLS_TRUSTCERTS: There is no certificate in "${path}"`)
  try {
    return blocks.map((block) => new X509Certificate(block).toString()).join('')
  } catch (error) {
    throw new Fault('bad-configuration', `TLS_TRUSTCERTS: A certificate in "${path}" cannot be read`, {cause: error})
  }
}

async function readFolder(path: string): Promise<string> {
  let text = ''
  for (const name of (await readdir(path)).sort()) {
    const file = join(path, name)
    if (name.startsWith('.') || !(await stat(file).catch(() => undefined))?.isFile()) continue
    text += await readFile(file, 'latin1')
    if (text.length > MAX_TRUST_OCTETS) throw new Error('Too many certificates')
  }
  return text
}

/** The suffix of a file as names and addresses are compared: in lower case, in ASCII form. */
export function comparableSuffix(suffix: string): string {
  const lower = suffix.toLowerCase()
  return /[^\x00-\x7f]/.test(lower) ? domainToASCII(lower) || lower : lower
}
