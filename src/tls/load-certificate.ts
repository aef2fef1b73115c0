/** A certificate and its key from Courier's PEM files (`spec/server-config-tls.md` §5.3), checked before they are used. */
import {createPrivateKey, type KeyObject, X509Certificate} from 'node:crypto'
import {readFile, stat} from 'node:fs/promises'
import {errnoOf, Fault} from '../support/fault.js'

export interface CertificateFiles {
  /** `TLS_CERTFILE`. */
  readonly certificate: string
  /** `TLS_PRIVATE_KEYFILE`, when it is set. Used if it can be read, else the key is expected with the certificate. */
  readonly key: string | undefined
}

export interface LoadedCertificate {
  /** Certificate and chain, PEM. */
  readonly cert: string
  readonly key: string
  /** Until when the certificate is good. */
  readonly validTo: Date
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

/** @throws {Fault} `bad-configuration` with the file and what is wrong with it */
export async function loadCertificate({certificate: path, key: keyPath}: CertificateFiles): Promise<LoadedCertificate> {
  const pem = await readPem(path)
  const chain = blocks(pem, /^(X509 |TRUSTED )?CERTIFICATE$/)
  if (chain[0] === undefined) throw bad(path, 'There is no certificate in the file')
  const separate = keyPath ? await readFile(keyPath, 'latin1').catch(() => undefined) : undefined
  const key = keyPath && separate !== undefined ? keyOf(keyPath, separate) : keyOf(path, pem)
  if (!key)
    throw bad(
      keyPath ?? path,
      keyPath ? 'There is no private key in the file' : 'There is no private key in the file, and no TLS_PRIVATE_KEYFILE',
    )
  let leaf: X509Certificate
  try {
    leaf = new X509Certificate(chain[0])
  } catch (error) {
    throw bad(path, 'The certificate cannot be read', error)
  }
  if (!leaf.checkPrivateKey(key.key)) throw bad(path, 'The private key does not belong to the certificate')
  return {cert: chain.join('\n'), key: key.pem, validTo: new Date(leaf.validTo)}
}

/** Text that changes when one of the files is replaced or written. */
export async function certificateIdentity({certificate, key}: CertificateFiles): Promise<string> {
  const parts = [certificate, key].map(async (path) => {
    if (path === undefined) return ''
    const found = await stat(path, {bigint: true}).catch(() => undefined)
    return found ? `${found.dev}:${found.ino}:${found.size}:${found.mtimeNs}:${found.ctimeNs}` : 'none'
  })
  return (await Promise.all(parts)).join(' ')
}
