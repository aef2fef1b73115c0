/** Lists of addresses in the DNS: `-block` and `-allow` of couriertcpd (`spec/server-config-tls.md` §1.7). */
import {isIPv4} from 'node:net'
import type {DnsList} from '../config/tcpd-options.js'
import {ipv6Groups, shownIp, unmapped} from '../support/ip-address.js'

/** Asks the DNS. Both reject when there is no answer of that kind. */
export interface DnsQuestions {
  resolve4(name: string): Promise<string[]>
  /** A text may come in pieces. */
  resolveTxt(name: string): Promise<string[][]>
}

export interface DnsListsOptions {
  readonly dns: DnsQuestions
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
  /** All lists together may take this long; one that has not answered by then has no hit. */
  readonly timeoutMs?: number
}

interface Answer {
  readonly addresses: readonly string[]
  readonly text: string | undefined
}

const NO_ANSWER: Answer = {addresses: [], text: undefined}
const TIMEOUT_MS = 5_000
/** Answers are remembered for so long, and so many. */
const REMEMBERED_MS = 60_000
const MAX_REMEMBERED = 5_000
/** Connections that wait for the DNS; more are let in unasked: a flood of strangers must not become one for the DNS. */
const MAX_ASKING = 500

/** The name that is asked for: octets or nibbles in reverse order. */
export function listName(ip: string, zone: string): string {
  const plain = unmapped(ip)
  if (isIPv4(plain)) return `${plain.split('.').reverse().join('.')}.${zone}`
  return `${[...ipv6Groups(plain).join('')].reverse().join('.')}.${zone}`
}

export class DnsLists {
  readonly #options: DnsListsOptions
  readonly #remembered = new Map<string, {readonly answer: Promise<Answer>; readonly untilMs: number}>()
  #asking = 0

  constructor(options: DnsListsOptions) {
    this.#options = options
  }

  /** The variables that the lists set for an address, in their order; `known` are those that are set already. Never rejects. */
  async variablesFor(
    ip: string,
    {lists, known}: {readonly lists: readonly DnsList[]; readonly known: ReadonlyMap<string, string>},
  ): Promise<Map<string, string>> {
    const found = new Map<string, string>()
    if (lists.length === 0 || this.#asking >= MAX_ASKING) return found
    this.#asking += 1
    try {
      // All at once: one slow list does not wait for another.
      const answers = await Promise.all(lists.map((list) => this.#answer(listName(ip, list.zone), wantsText(list))))
      let allowed = 0
      for (const [position, list] of lists.entries()) {
        if (known.has(list.variable) || found.has(list.variable)) continue
        const hit = hitOf(list, answers[position] ?? NO_ANSWER)
        if (!hit) continue
        for (const [name, value] of variablesOf(list, hit, shownIp(unmapped(ip)))) found.set(name, value)
        if (list.kind === 'allow') found.set(`ALLOW_${allowed++}`, list.variable)
      }
      return found
    } finally {
      this.#asking -= 1
    }
  }

  #answer(name: string, text: boolean): Promise<Answer> {
    const key = `${text ? 'T' : 'A'}${name}`
    const now = this.#options.now()
    const known = this.#remembered.get(key)
    if (known && known.untilMs > now) return known.answer
    const answer = this.#ask(name, text)
    this.#remembered.delete(key)
    this.#remembered.set(key, {answer, untilMs: now + REMEMBERED_MS})
    if (this.#remembered.size > MAX_REMEMBERED) this.#remembered.delete(this.#remembered.keys().next().value ?? '')
    return answer
  }

  async #ask(name: string, text: boolean): Promise<Answer> {
    const {dns, timeoutMs = TIMEOUT_MS} = this.#options
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<Answer>((resolve) => {
      timer = setTimeout(() => resolve(NO_ANSWER), timeoutMs)
    })
    const asked = Promise.all([
      dns.resolve4(name).catch((): string[] => []),
      text ? dns.resolveTxt(name).catch((): string[][] => []) : [],
    ]).then(([addresses, texts]): Answer => ({addresses, text: texts[0]?.join('')}))
    try {
      return await Promise.race([asked, late])
    } finally {
      clearTimeout(timer)
    }
  }
}

function wantsText({kind, message}: DnsList): boolean {
  return kind === 'block' ? message === '*' : message !== undefined
}

interface Hit {
  readonly address: string | undefined
  readonly text: string | undefined
}

function hitOf({address}: DnsList, {addresses, text}: Answer): Hit | undefined {
  const found = addresses.find((each) => address === undefined || each === address)
  if (found !== undefined) return {address: found, text}
  return address === undefined && text !== undefined ? {address: undefined, text} : undefined
}

function variablesOf({kind, variable, display, zone, message}: DnsList, {address, text}: Hit, ip: string): [string, string][] {
  const block = message === undefined ? (text ?? `Blacklisted by ${zone}`) : message === '*' ? (text ?? '*') : message.replace('@', ip)
  return [
    [`${variable}_ZONE`, display],
    ...(address === undefined ? [] : [[`${variable}_IP`, address] as [string, string]]),
    [variable, kind === 'block' ? block : ''],
    ...(text === undefined || (kind === 'block' && message !== '*') ? [] : [[`${variable}_TXT`, text] as [string, string]]),
  ]
}
