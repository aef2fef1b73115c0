import {readFile} from 'node:fs/promises'
import {Agent as HttpAgent, type IncomingMessage, type RequestOptions, request} from 'node:http'
import {Agent as HttpsAgent, request as secureRequest} from 'node:https'
import {systemText} from '../../support/system-text.js'
import type {Claims, ClaimsResult} from './token-verifier.js'

export interface IntrospectionSettings {
  /** OAUTH_INTROSPECTION_URL. */
  readonly url: string
  /** OAUTH_CLIENT_ID; undefined: the server does not authenticate itself. */
  readonly clientId: string | undefined
  /** OAUTH_CLIENT_SECRETFILE. */
  readonly clientSecretFile: string | undefined
  /** OAUTH_TRUSTCERTS: authorities for its certificate; undefined: those of the system's Node. */
  readonly trustFile: string | undefined
}

const LIMITS = {answerOctets: 65_536, waiting: 200, sockets: 8, answerMs: 10_000}

const unavailable = (reason: string): ClaimsResult => ({outcome: 'unavailable', reason})

/** Asks the authorization server what a token is worth (RFC 7662). Answers are not kept: a token that was withdrawn is refused at once. */
export class Introspection {
  readonly #settings: IntrospectionSettings
  readonly #agent: HttpAgent | HttpsAgent
  #waiting = 0

  constructor(settings: IntrospectionSettings) {
    const options = {keepAlive: true, maxSockets: LIMITS.sockets, timeout: LIMITS.answerMs}
    this.#settings = settings
    this.#agent = settings.url.startsWith('https:') ? new HttpsAgent(options) : new HttpAgent(options)
  }

  async claims(token: string): Promise<ClaimsResult> {
    if (this.#waiting >= LIMITS.waiting) return unavailable('Too many tokens are being checked')
    this.#waiting += 1
    try {
      const {status, body} = await this.#ask(token)
      return status === 200 ? read(body) : unavailable(`The introspection of tokens answers ${status}`)
    } catch (error) {
      return unavailable(`The introspection of tokens fails: ${systemText(error)}`)
    } finally {
      this.#waiting -= 1
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  async #ask(token: string): Promise<{readonly status: number; readonly body: string}> {
    const {url, trustFile} = this.#settings
    const form = new URLSearchParams({token, token_type_hint: 'access_token'}).toString()
    const options: RequestOptions & {ca?: string} = {
      method: 'POST',
      agent: this.#agent,
      signal: AbortSignal.timeout(LIMITS.answerMs),
      headers: {
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': Buffer.byteLength(form),
        ...(await this.#authorization()),
      },
      ...(trustFile === undefined ? {} : {ca: await readFile(trustFile, 'latin1')}),
    }
    return new Promise((resolve, reject) => {
      const take = (response: IncomingMessage) => bodyOf(response).then((body) => resolve({status: response.statusCode ?? 0, body}), reject)
      const sent = url.startsWith('https:') ? secureRequest(url, options, take) : request(url, options, take)
      sent.on('error', reject)
      sent.end(form)
    })
  }

  /** Name and secret in the form of RFC 6749 §2.3.1. */
  async #authorization(): Promise<{readonly authorization?: string}> {
    const {clientId, clientSecretFile} = this.#settings
    if (clientId === undefined) return {}
    const secret = clientSecretFile === undefined ? '' : (await readFile(clientSecretFile, 'utf8')).split(/\r?\n/, 1)[0]
    const pair = [clientId, secret ?? ''].map((text) => new URLSearchParams({t: text}).toString().slice(2)).join(':')
    return {authorization: `Basic ${Buffer.from(pair).toString('base64')}`}
  }
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let octets = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    octets += chunk.length
    if (octets > LIMITS.answerOctets) {
      response.destroy()
      throw new Error('The answer is too long')
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function read(body: string): ClaimsResult {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return unavailable('The introspection of tokens does not answer in JSON')
  }
  if (value === null || typeof value !== 'object' || !('active' in value))
    return unavailable('The introspection of tokens does not say "active"')
  return value.active === true ? {outcome: 'claims', claims: value as Claims} : {outcome: 'invalid', reason: 'The token is not active'}
}
