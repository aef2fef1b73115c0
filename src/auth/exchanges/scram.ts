import {createHash, timingSafeEqual} from 'node:crypto'
import type {ChannelFacts, ExchangeStart, ExchangeStep} from '../account.js'
import {userNameOf} from '../credentials.js'
import type {AccountAttributes, ModuleResult} from '../modules/module.js'
import {type ClientFinal, type ClientFirst, readClientFinal, readClientFirst} from '../scram/messages.js'
import {hmac, parseScramSecret, type ScramSecret} from '../scram/secret.js'
import {BAD_MESSAGE, clientFirst, concluded, type Exchange, type ExchangeTools, REFUSED} from './exchange.js'

const FIELD = 'scram-sha-256pw'
const NONCE_OCTETS = 18

/**
 * SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677). An account without a secret, and a name without an account, are
 * asked as one with a secret would be (`Decoys`), and refused at the end like a wrong password.
 */
export const scram: Exchange = {
  mechanisms: ['SCRAM-SHA-256', 'SCRAM-SHA-256-PLUS'],
  begin: (start, tools) => clientFirst(start.initial, (message) => first(message, start, tools)),
}

async function first(message: Buffer, start: ExchangeStart, tools: ExchangeTools): Promise<ExchangeStep> {
  const read = readClientFirst(message)
  if (!read) return BAD_MESSAGE
  const binding = bindingFor(read, start)
  const name = userNameOf(Buffer.from(read.user))
  // Acting for others is not possible (RFC 5802 §5.1, authzid).
  if (binding === undefined || name === undefined || (read.authzid !== undefined && read.authzid !== read.user)) return REFUSED
  const user = tools.complete(name)
  const found = await findAccount(user, start, tools)
  if (found.outcome === 'unavailable') return {kind: 'checked', result: found}
  const account = found.outcome === 'accepted' ? found.account : undefined
  const real = account && secretOf(account, start.mechanism, tools)
  // Asked for in each case: it takes a moment.
  const decoy = await tools.decoys.secretFor(user)
  if (real) tools.decoys.saw(real)
  const secret = real ?? decoy
  const nonce = read.nonce + tools.random(NONCE_OCTETS).toString('base64')
  const serverFirst = `r=${nonce},s=${secret.salt.toString('base64')},i=${secret.iterations}`
  return {
    kind: 'challenge',
    user: name,
    challenge: Buffer.from(serverFirst),
    async answer(response) {
      const final = readClientFinal(response)
      if (!final) return BAD_MESSAGE
      const bound = sameOctets(final.binding, Buffer.concat([Buffer.from(read.header), binding]))
      const authMessage = `${read.bare},${serverFirst},${final.withoutProof}`
      const proven = proves(final, authMessage, secret)
      if (!bound || final.nonce !== nonce || !proven || !account || !real) return REFUSED
      const signature = hmac(real.serverKey, authMessage).toString('base64')
      // The server's proof travels as a challenge, which the client answers with nothing (RFC 4422 §5, RFC 3501 has no place for it).
      const answer = async (last: Buffer) => (last.length === 0 ? concluded({outcome: 'accepted', account}, tools) : BAD_MESSAGE)
      return {kind: 'challenge', challenge: Buffer.from(`v=${signature}`), answer}
    },
  }
}

/** The first account with a secret: accounts of PAM, say, may have theirs in a userdb. Else the first account, which has none. */
async function findAccount(user: string, {service}: ExchangeStart, {modules}: ExchangeTools): Promise<ModuleResult> {
  let without: ModuleResult | undefined
  const found = await modules.ask(user, async (module) => {
    const result = await module.find(service, user)
    if (result.outcome !== 'accepted' || result.account.secrets?.has(FIELD)) return result
    without ??= result
    return {outcome: 'refused'} as const
  })
  return found.outcome === 'refused' ? (without ?? found) : found
}

/** The data that the client has to bind to; undefined when its choice cannot be (RFC 5802 §6). */
function bindingFor({flag, bindingType}: ClientFirst, {mechanism, channel}: ExchangeStart): Buffer | undefined {
  if (flag === 'p') return mechanism.endsWith('-PLUS') ? boundTo(channel, bindingType) : undefined
  if (mechanism.endsWith('-PLUS')) return undefined
  // "y": the client could, and saw no mechanism that can: somebody has removed it from what was announced.
  return flag === 'y' && channel.bindingAnnounced ? undefined : Buffer.alloc(0)
}

function boundTo({bindings}: ChannelFacts, type: string | undefined): Buffer | undefined {
  return type === undefined ? undefined : bindings.get(type)
}

function secretOf({secrets, address}: AccountAttributes, mechanism: string, {explain}: ExchangeTools): ScramSecret | undefined {
  const stored = secrets?.get(FIELD)
  const secret = stored && parseScramSecret(stored.reveal())
  if (!stored) explain(address, mechanism, `It has no ${FIELD}`)
  else if (!secret) explain(address, mechanism, `Its ${FIELD} is not a secret of SCRAM-SHA-256 (RFC 5803)`)
  return secret
}

/** Whether the client knows the key that `StoredKey` is the digest of (RFC 5802 §3). */
function proves({proof}: ClientFinal, authMessage: string, {storedKey}: ScramSecret): boolean {
  const signature = hmac(storedKey, authMessage)
  const clientKey = Buffer.from(proof.map((octet, at) => octet ^ (signature[at] ?? 0)))
  return sameOctets(createHash('sha256').update(clientKey).digest(), storedKey)
}

function sameOctets(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other)
}
