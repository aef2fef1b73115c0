/** A certificate and its key from Courier's PEM files (`spec/server-config-tls.md` §5.3), checked before they are used. */
import {createPrivateKey, type KeyObject, X509Certificate} from 'node:crypto'
import {readFile} from 'node:fs/promises'
import {createSecureContext} from 'node:tls'
import {errnoOf, Fault} from '../support/fault.js'

export interface CertificateFiles {
  readonly certificate: string
  /** Files that may have the key, best first. The first that can be read has it, else the certificate's own file. */
  readonly keys: readonly string[]
  /** Has the key when none of the others has one. */
  readonly lastKey?: string | undefined
}

export interface LoadedCertificate {
  /** Certificate and chain, PEM. */
  readonly cert: string
  readonly key: string
  /** Until when the certificate is good. */
  readonly validTo: Date
  /** `DH PARAMETERS` that stand in the same file, PEM: files made by Courier before 4.15 have them. */
  readonly dhParameters: string | undefined
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g

function bad(path: string, text: string, cause?: unknown): Fault {
  return new Fault('bad-configuration', `${path}: ${text}`, {cause})
}

async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, 'latin1')
  } catch (error) {
    const code = errnoOf(error)
    const reason = code === 'ENOENT' ? 'There is no such certificate file' : code === 'EACCES' ? 'Permission denied' : String(error)
    throw bad(path, reason, error)
  }
}

/** The blocks whose label ends so; text between blocks is normal. */
function blocks(pem: string, label: RegExp): string[] {
  return [...pem.matchAll(BLOCK)].filter((match) => label.test(match[1] ?? '')).map((match) => match[0])
}

function keyOf(path: string, pem: string): {pem: string; key: KeyObject} | undefined {
  const block = blocks(pem, /PRIVATE KEY$/)[0]
  if (block === undefined) return undefined
  if (/ENCRYPTED/.test(block)) throw bad(path, 'The key is encrypted; a server needs it without a passphrase')
  try {
    return {pem: block, key: createPrivateKey(block)}
  } catch (error) {
    throw bad(path, 'The private key cannot be read', error)
  }
}

/** The key of the first of the files that can be read; undefined when none can. */
async function separateKey(paths: readonly string[]): Promise<{path: string; key: ReturnType<typeof keyOf>} | undefined> {
  for (const path of paths) {
    const pem = await readFile(path, 'latin1').catch(() => undefined)
    if (pem !== undefined) return {path, key: keyOf(path, pem)}
  }
  return undefined
}

/** @throws {Fault} `bad-configuration` with the file and what is wrong with it */
export async function loadCertificate({certificate: path, keys, lastKey}: CertificateFiles): Promise<LoadedCertificate> {
  const pem = await readPem(path)
  const chain = blocks(pem, /^(X509 |TRUSTED )?CERTIFICATE$/)
  if (chain[0] === undefined) throw bad(path, 'There is no certificate in the file')
  const separate = await separateKey(keys)
  const key = separate ? separate.key : (keyOf(path, pem) ?? (lastKey === undefined ? undefined : (await separateKey([lastKey]))?.key))
  if (!key && separate) throw bad(separate.path, 'There is no private key in the file')
  if (!key) throw bad(path, `There is no private key in the file, and no ${keys.length > 0 ? 'readable ' : ''}TLS_PRIVATE_KEYFILE`)
  let leaf: X509Certificate
  try {
    leaf = new X509Certificate(chain[0])
  } catch (error) {
    throw bad(path, 'The certificate cannot be read', error)
  }
  if (!leaf.checkPrivateKey(key.key)) throw bad(path, 'The private key does not belong to the certificate')
  const loaded = {cert: chain.join('\n'), key: key.pem, validTo: new Date(leaf.validTo), dhParameters: blocks(pem, /^DH PARAMETERS$/)[0]}
  try {
    // What OpenSSL refuses (a broken chain, a key too small for its level) shows now, not at the next handshake.
    createSecureContext({cert: loaded.cert, key: loaded.key, ca: []})
  } catch (error) {
    throw bad(path, `The certificate cannot be used (${error instanceof Error ? error.message : String(error)})`, error)
  }
  return loaded
}
