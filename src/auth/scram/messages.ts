/** The messages of SCRAM (RFC 5802 §7) as the server reads them. Attributes come in a fixed order. */
import {isUtf8} from 'node:buffer'
import {decodeBase64} from '../base64.js'

/** `gs2-header client-first-message-bare` */
export interface ClientFirst {
  /** Channel binding: `n` cannot, `y` could but the server does not, `p` is done. */
  readonly flag: 'n' | 'y' | 'p'
  readonly bindingType: string | undefined
  readonly authzid: string | undefined
  readonly user: string
  readonly nonce: string
  /** The gs2-header, which the client repeats. */
  readonly header: string
  /** What is signed. */
  readonly bare: string
}

/** `c=…,r=…,p=…` */
export interface ClientFinal {
  /** The gs2-header and the channel's data. */
  readonly binding: Buffer
  readonly nonce: string
  readonly proof: Buffer
  /** What is signed. */
  readonly withoutProof: string
}

const MAX_NONCE = 512
const PROOF_OCTETS = 32
const FIRST = /^((n|y|p=([A-Za-z0-9.-]{1,64})),(?:a=([^,\0]+))?,)(n=([^,\0]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,[A-Za-z]=[^,\0]+)*)$/
const FINAL = /^(c=([A-Za-z0-9+/=]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,[A-Za-z]=[^,\0]+)*),p=([A-Za-z0-9+/=]+)$/

/** Undefined when it does not have the form. A mandatory extension (`m=`) is not known here, so it has not either. */
export function readClientFirst(message: Buffer): ClientFirst | undefined {
  const match = isUtf8(message) && FIRST.exec(message.toString('utf8'))
  if (!match) return undefined
  const [, header = '', gs2 = '', bindingType, codedAuthzid, bare = '', codedUser = '', nonce = ''] = match
  const user = decodeName(codedUser)
  const authzid = codedAuthzid === undefined ? undefined : decodeName(codedAuthzid)
  if (user === undefined || (codedAuthzid !== undefined && authzid === undefined) || nonce.length > MAX_NONCE) return undefined
  return {flag: gs2.charAt(0) as ClientFirst['flag'], bindingType, authzid, user, nonce, header, bare}
}

export function readClientFinal(message: Buffer): ClientFinal | undefined {
  const match = isUtf8(message) && FINAL.exec(message.toString('utf8'))
  if (!match) return undefined
  const [, withoutProof = '', coded = '', nonce = '', codedProof = ''] = match
  const [binding, proof] = [coded, codedProof].map((text) => decodeBase64(Buffer.from(text)))
  return binding && proof?.length === PROOF_OCTETS ? {binding, nonce, proof, withoutProof} : undefined
}

/** `=2C` is a comma, `=3D` an equals sign, any other `=` is an error (RFC 5802 §5.1). */
function decodeName(coded: string): string | undefined {
  if (/=(?!2C|3D)/.test(coded)) return undefined
  return coded.replaceAll('=2C', ',').replaceAll('=3D', '=')
}
