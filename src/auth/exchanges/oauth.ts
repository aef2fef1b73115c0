import {isUtf8} from 'node:buffer'
import {Secret} from '../../log/secret.js'
import type {ExchangeStart, ExchangeStep} from '../account.js'
import type {TokenHint} from '../oauth/token-verifier.js'
import {BAD_MESSAGE, clientFirst, concluded, type Exchange, type ExchangeTools, REFUSED} from './exchange.js'

/** What a client sends. An empty token asks what is needed (RFC 7628 §4.3). */
interface TokenMessage {
  /** Who it wants to be; undefined when it leaves that to the token. */
  readonly user: string | undefined
  readonly token: Secret
}

type Read = (text: string) => TokenMessage | undefined

/** A gs2-header without channel binding, then `key=value` pairs, each ended by ^A, and a last ^A (RFC 7628 §3.1). */
const BEARER = /^[ny],(?:a=([^,\0]+))?,\x01((?:[A-Za-z]+=[^\x00\x01]*\x01)*)\x01$/
/** `user=…^Aauth=Bearer …^A^A`, as Google's mail servers have it. */
const XOAUTH2 = /^user=([^\x00\x01]+)\x01auth=Bearer ([^\x00\x01]*)\x01\x01$/i

const readBearer: Read = (text) => {
  const match = BEARER.exec(text)
  if (!match) return undefined
  const [, authzid, pairs = ''] = match
  if (authzid !== undefined && /=(?!2C|3D)/.test(authzid)) return undefined
  const auth = /(?:^|\x01)auth=(?:Bearer +([^\x01 ]*))?\x01/i.exec(pairs)
  if (!auth && /(?:^|\x01)auth=/i.test(pairs)) return undefined
  return {user: authzid?.replaceAll('=2C', ',').replaceAll('=3D', '='), token: new Secret(auth?.[1] ?? '')}
}

const readXoauth2: Read = (text) => {
  const [, user, token] = XOAUTH2.exec(text) ?? []
  return user === undefined || token === undefined ? undefined : {user, token: new Secret(token)}
}

/** OAUTHBEARER (RFC 7628) and its older form: a token instead of a password, on encrypted connections only (RFC 7628 §3). */
export const oauthExchanges: readonly Exchange[] = [
  exchange('OAUTHBEARER', readBearer, bearerError),
  exchange('XOAUTH2', readXoauth2, xoauth2Error),
]

function exchange(mechanism: string, read: Read, errorOf: (hint: TokenHint) => unknown): Exchange {
  return {
    mechanisms: [mechanism],
    begin(start, tools) {
      const {tokens} = tools
      if (!tokens) return REFUSED
      if (!start.channel.encrypted) return {kind: 'failed', reason: 'needs-encryption'}
      // What went wrong is a challenge; whatever the client answers to it, the exchange has failed.
      const failure: ExchangeStep = {
        kind: 'challenge',
        challenge: Buffer.from(JSON.stringify(errorOf(tokens.hint))),
        answer: async () => REFUSED,
      }
      return clientFirst(start.initial, async (message) => {
        const text = isUtf8(message) ? message.toString('utf8') : ''
        const asked = read(text)
        return asked ? enter(asked, {start, tools, mechanism, failure}) : BAD_MESSAGE
      })
    },
  }
}

async function enter(
  {user: wanted, token}: TokenMessage,
  {start, tools, mechanism, failure}: {start: ExchangeStart; tools: ExchangeTools; mechanism: string; failure: ExchangeStep},
): Promise<ExchangeStep> {
  const {tokens, complete, modules, log} = tools
  if (!tokens || token.reveal() === '') return failure
  const result = await tokens.verify(token)
  if (result.outcome === 'unavailable') return {kind: 'checked', result}
  const refuse = (reason: string, user?: string): ExchangeStep => {
    log.info('auth.token-refused', {ip: start.remote, method: mechanism, reason, ...(user === undefined ? {} : {user})})
    return failure
  }
  if (result.outcome === 'invalid') return refuse(result.reason)
  const user = complete(result.user)
  if (wanted !== undefined && complete(wanted) !== user) return refuse('The token is of another user than the one who is asked for', user)
  const found = await modules.find(start.service, user)
  return found.outcome === 'refused' ? refuse('The user of the token has no account', user) : concluded(found, tools)
}

function bearerError({scope, discovery}: TokenHint): unknown {
  return {status: 'invalid_token', ...(scope ? {scope} : {}), ...(discovery ? {'openid-configuration': discovery} : {})}
}

function xoauth2Error({scope}: TokenHint): unknown {
  return {status: '401', schemes: 'bearer', ...(scope ? {scope} : {})}
}
