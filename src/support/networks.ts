import {BlockList, isIPv6} from 'node:net'
import {BadSyntax} from './fault.js'
import {ipNumber, unmapped} from './ip-address.js'

/** A set of addresses and networks. */
export class Networks {
  readonly #list = new BlockList()

  /**
   * Addresses and networks (`10.0.0.0/8`, `2001:db8::/32`).
   *
   * @throws {BadSyntax}
   */
  constructor(words: readonly string[]) {
    for (const word of words) this.#add(word)
  }

  #add(word: string): void {
    const [text = '', length, ...more] = word.split('/')
    const address = unmapped(text)
    const bits = ipNumber(address)?.bits
    const prefix = length === undefined ? bits : Number(length)
    if (bits === undefined || more.length > 0 || prefix === undefined || !/^\d{1,3}$/.test(length ?? '0') || prefix > bits)
      throw new BadSyntax(`"${word}" is no address and no network`)
    this.#list.addSubnet(address, prefix, family(address))
  }

  has(ip: string): boolean {
    const address = unmapped(ip)
    return ipNumber(address) !== undefined && this.#list.check(address.replace(/%.*$/, ''), family(address))
  }
}

function family(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4'
}
