/** The text of access files: from lines to records (`spec/server-config-tls.md` §2). Octets, one character for each. */
import {Fault} from '../../support/fault.js'
import {expandNetwork} from './expand-network.js'

export type AccessRecord = readonly [key: string, value: string]

/** `192.168.0.0/22 allow`, `10.0.0.1-10.0.0.9<TAB>deny`: here blanks separate too. */
const NETWORK_LINE = /^([0-9A-Fa-f:.]+[-/][0-9A-Fa-f:.]+)[ \t]+(.*)$/

function recordsOfLine(line: string): AccessRecord[] {
  const network = NETWORK_LINE.exec(line)
  if (network) return expandNetwork(network[1] ?? '').map((key): AccessRecord => [key, network[2] || '1'])
  const tab = line.indexOf('\t')
  return [tab < 0 ? [line, '1'] : [line.slice(0, tab), line.slice(tab + 1) || '1']]
}

/**
 * All records of the texts, one after the other.
 *
 * @throws {Fault} `bad-configuration` for a key that occurs twice, in the words of the original, and {BadSyntax} for a network that is none
 */
export function readAccessText(texts: readonly string[]): Map<string, string> {
  const records = new Map<string, string>()
  for (const line of texts.flatMap((text) => text.split('\n'))) {
    // Courier: a line with a single dot ends the input.
    if (line === '.') break
    if (line === '' || line.startsWith('#')) continue
    for (const [key, value] of recordsOfLine(line)) {
      if (records.has(key)) throw new Fault('bad-configuration', `Cannot store record for ${key} - duplicate or out of disk space.`)
      records.set(key, value)
    }
  }
  return records
}

/** Entries that never match, for people: what they probably were to mean. */
export function accessTextHints(texts: readonly string[]): string[] {
  return texts
    .flatMap((text) => text.split('\n'))
    .flatMap((line) => {
      if (line === '' || line.startsWith('#') || NETWORK_LINE.test(line)) return []
      const key = line.split('\t')[0] ?? ''
      if (!line.includes('\t') && /\s/.test(line))
        return [`"${line}": a tab belongs between the address and what follows; so it matches nobody`]
      if (/^[0-9a-f:]*:[0-9a-f:]*$/i.test(key) && !/^(:[0-9a-f]{4}){1,8}$/.test(key))
        return [`"${key}": IPv6 is written as :2001:0db8, with four digits of lower case in each group, or as a network with /`]
      return []
    })
}
