/**
 * What front and auth say to each other on their local socket: frames of four octets of length and JSON. A front that was taken over
 * can send what it likes, so what it says is read field by field, and a frame is bounded before it is held.
 */
import type {Duplex} from 'node:stream'
import type {ChannelFacts, CheckResult, ExchangeStart, PasswordCheck} from '../../auth/account.js'
import type {SaslFailure} from '../../auth/sasl/mechanism.js'
import {Secret} from '../../log/secret.js'
import {BadSyntax} from '../../support/fault.js'
import {PlainRecord} from '../../support/plain-record.js'
import {ByteQueue} from '../../wire/byte-queue.js'
import {SERVICE_NAMES, type ServiceName} from '../server-configuration.js'

/** A step of an exchange; who goes on with it names it by its number. */
export type PlainStep =
  | {readonly kind: 'challenge'; readonly user?: string | undefined; readonly challenge: string; readonly exchange: number}
  | {readonly kind: 'checked'; readonly result: CheckResult}
  | {readonly kind: 'failed'; readonly reason: SaslFailure}

export type FromAuthDesk =
  /** The first words on a connection: auth lives. */
  | {readonly kind: 'hello'}
  | {readonly kind: 'checked'; readonly request: number; readonly result: CheckResult}
  | {readonly kind: 'step'; readonly request: number; readonly step: PlainStep}

export type ToAuthDesk =
  | {readonly kind: 'check'; readonly request: number; readonly service: ServiceName; readonly check: PasswordCheck}
  | {readonly kind: 'begin'; readonly request: number; readonly service: ServiceName; readonly start: ExchangeStart}
  | {readonly kind: 'answer'; readonly request: number; readonly exchange: number; readonly response: Buffer}

const MAX_FRAME = 256 * 1024
const MAX_TEXT = 16_384
const LENGTH_OCTETS = 4
const BINDINGS = {maxPairs: 10, maxText: 4_096}

function plainChannel({bindings, ...facts}: ChannelFacts) {
  return {...facts, bindings: [...bindings].map(([name, octets]) => [name, octets.toString('base64')] as const)}
}

/** A frame with a message to auth. */
export function toAuthFrame(message: ToAuthDesk): Buffer {
  if (message.kind === 'check') return frame({...message, check: {...message.check, password: message.check.password.reveal()}})
  if (message.kind === 'answer') return frame({...message, response: message.response.toString('base64')})
  const {initial, channel, ...start} = message.start
  return frame({...message, start: {...start, initial: initial?.toString('base64'), channel: plainChannel(channel)}})
}

/** A frame with any plain data. */
export function frame(message: object): Buffer {
  const body = Buffer.from(JSON.stringify(message), 'utf8')
  const length = Buffer.alloc(LENGTH_OCTETS)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length, body])
}

/**
 * Calls back with each frame that comes in.
 *
 * `take` may throw: then, as with a frame that is too long or no JSON, the stream is destroyed with the error.
 */
export function readFrames(stream: Duplex, take: (value: unknown) => void): void {
  const queue = new ByteQueue()
  let needed = LENGTH_OCTETS
  let inBody = false
  stream.on('data', (chunk: Buffer) => {
    queue.push(chunk)
    try {
      while (queue.length >= needed) {
        const part = queue.take(needed)
        if (inBody) {
          needed = LENGTH_OCTETS
          inBody = false
          take(JSON.parse(part.toString('utf8')))
        } else {
          needed = part.readUInt32BE()
          inBody = true
          if (needed > MAX_FRAME) throw new BadSyntax('A frame is too long')
        }
      }
    } catch (error) {
      stream.destroy(error instanceof Error ? error : new Error(String(error)))
    }
  })
}

function readCheck(plain: PlainRecord): PasswordCheck {
  return {
    service: plain.text('service', MAX_TEXT),
    user: plain.text('user', MAX_TEXT),
    password: new Secret(plain.text('password', MAX_TEXT)),
    remote: plain.text('remote', MAX_TEXT),
  }
}

function readStart(plain: PlainRecord): ExchangeStart {
  const channel = plain.record('channel')
  return {
    service: plain.text('service', MAX_TEXT),
    mechanism: plain.text('mechanism', MAX_TEXT),
    initial: plain.has('initial') ? plain.octets('initial', MAX_TEXT) : undefined,
    remote: plain.text('remote', MAX_TEXT),
    channel: {
      encrypted: channel.flag('encrypted'),
      certificateIdentity: channel.has('certificateIdentity') ? channel.text('certificateIdentity', MAX_TEXT) : undefined,
      bindings: new Map(channel.pairs('bindings', BINDINGS).map(([name, octets]) => [name, Buffer.from(octets, 'base64')])),
      bindingAnnounced: channel.flag('bindingAnnounced'),
    },
  }
}

/** @throws {BadSyntax} */
export function readToAuthDesk(value: unknown): ToAuthDesk {
  const plain = new PlainRecord(value)
  const kind = plain.word('kind', ['check', 'begin', 'answer'])
  const request = plain.integer('request')
  if (kind === 'answer') return {kind, request, exchange: plain.integer('exchange'), response: plain.octets('response', MAX_TEXT)}
  const service = plain.word('service', SERVICE_NAMES)
  if (kind === 'check') return {kind, request, service, check: readCheck(plain.record('check'))}
  return {kind, request, service, start: readStart(plain.record('start'))}
}
