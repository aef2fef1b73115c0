/** The client's side of SASL, for tests: straight from the RFCs, with nothing of the server's code. */
import {createHash, createHmac, pbkdf2Sync} from 'node:crypto'

export function cramResponse(
  digest: string,
  user: string,
  {password, challenge}: {readonly password: string; readonly challenge: Buffer},
): Buffer {
  return Buffer.from(`${user} ${createHmac(digest, password).update(challenge).digest('hex')}`)
}

const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest()

export interface ScramClientOptions {
  readonly user: string
  readonly password: string
  readonly nonce?: string
  /** The gs2-header. */
  readonly header?: string
  readonly bindingData?: Buffer
}

/** A client of SCRAM-SHA-256 (RFC 5802 §3). */
export class ScramClient {
  readonly first: Buffer
  readonly #options: Required<ScramClientOptions>
  #serverSignature = ''

  constructor({user, password, nonce = 'rOprNGfwEbeRWgbNEkqO', header = 'n,,', bindingData = Buffer.alloc(0)}: ScramClientOptions) {
    this.#options = {user, password, nonce, header, bindingData}
    this.first = Buffer.from(`${header}${this.#bare}`)
  }

  get #bare(): string {
    return `n=${this.#options.user},r=${this.#options.nonce}`
  }

  /** The answer to the server's first message; `change` makes another one of it before it is signed. */
  final(serverFirst: Buffer, change: (withoutProof: string) => string = (text) => text): Buffer {
    const {password, header, bindingData} = this.#options
    const [, nonce = '', salt = '', iterations = ''] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(serverFirst.toString()) ?? []
    const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(iterations), 32, 'sha256')
    const binding = Buffer.concat([Buffer.from(header), bindingData]).toString('base64')
    const withoutProof = change(`c=${binding},r=${nonce}`)
    const message = `${this.#bare},${serverFirst},${withoutProof}`
    const clientKey = hmac(salted, 'Client Key')
    const signature = hmac(createHash('sha256').update(clientKey).digest(), message)
    const proof = Buffer.from(clientKey.map((octet, at) => octet ^ (signature[at] ?? 0)))
    this.#serverSignature = hmac(hmac(salted, 'Server Key'), message).toString('base64')
    return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`)
  }

  /** Whether the server's last message proves that it knows the password too. */
  trusts(serverFinal: Buffer): boolean {
    return serverFinal.toString() === `v=${this.#serverSignature}`
  }
}
