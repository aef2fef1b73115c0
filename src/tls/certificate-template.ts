/** The certificate configuration `imapd.cnf`, `pop3d.cnf` in both of its flavours (`spec/server-config-tls.md` §6.1). */
import {BadSyntax} from '../support/fault.js'
import type {Subject, SubjectAttribute} from './self-signed.js'

export interface CertificateTemplate {
  /** Common name first; empty when the file names none. */
  readonly names: readonly string[]
  readonly subject: Subject
  readonly days: number | undefined
  readonly rsaBits: number | undefined
}

const ATTRIBUTES: Readonly<Record<string, SubjectAttribute | 'CN'>> = {
  c: 'C',
  countryname: 'C',
  country: 'C',
  st: 'ST',
  stateorprovincename: 'ST',
  state: 'ST',
  l: 'L',
  localityname: 'L',
  locality: 'L',
  o: 'O',
  organizationname: 'O',
  organization: 'O',
  ou: 'OU',
  organizationalunitname: 'OU',
  unit: 'OU',
  cn: 'CN',
  commonname: 'CN',
  email: 'E',
  emailaddress: 'E',
}

interface Entry {
  /** undefined: before the first `[section]`; GnuTLS has none. */
  readonly section: string | undefined
  readonly key: string
  readonly value: string
}

function entriesOf(text: string): Entry[] {
  const entries: Entry[] = []
  let section: string | undefined
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    if (line.startsWith('[') && line.endsWith(']')) {
      section = line.slice(1, -1).trim()
      continue
    }
    const equals = line.indexOf('=')
    // GnuTLS has words without a value, such as tls_www_server.
    if (equals < 0 && section === undefined && /^\w+$/.test(line)) continue
    if (equals < 1) throw new BadSyntax(`line ${index + 1}: "key = value" is expected`)
    entries.push({section, key: line.slice(0, equals).trim(), value: readValue(line.slice(equals + 1).trim())})
  }
  return entries
}

function readValue(text: string): string {
  if (text.startsWith('"')) {
    const end = text.indexOf('"', 1)
    if (end > 0) return text.slice(1, end)
  }
  const comment = text.indexOf('#')
  return (comment < 0 ? text : text.slice(0, comment)).trim()
}

/** `DNS:a, IP:192.0.2.1` of an OpenSSL file. */
function alternativeNames(value: string): string[] {
  return value.split(',').flatMap((item) => {
    const match = /^\s*(?:DNS|IP):(.*)$/i.exec(item)
    return match?.[1]?.trim() ? [match[1].trim()] : []
  })
}

function numberOf(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,6}$/.test(value) ? Number(value) : undefined
}

/**
 * Reads an OpenSSL request configuration or a GnuTLS certtool template: which of them is seen by its sections.
 *
 * @throws {BadSyntax}
 */
export function readCertificateTemplate(text: string): CertificateTemplate {
  const entries = entriesOf(text)
  const isOpenSsl = entries.some(({section}) => section !== undefined)
  const inRequest = (key: string) => entries.find((entry) => entry.section === 'req' && entry.key === key)?.value
  const nameSection = isOpenSsl ? inRequest('distinguished_name') : undefined
  const subject: Partial<Record<SubjectAttribute, string>> = {}
  const names: string[] = []
  const others: string[] = []
  for (const {section, key, value} of entries) {
    if (key === 'subjectAltName') others.push(...alternativeNames(value))
    if (key === 'dns_name' || key === 'ip_address') others.push(value)
    if (section !== nameSection) continue
    // OpenSSL: a number and a dot before a name make it unique.
    const attribute = ATTRIBUTES[key.toLowerCase().replace(/^\d+\./, '')]
    if (attribute === 'CN') names.push(value)
    else if (attribute && value !== '') subject[attribute] = value
  }
  const plain = (key: string) => entries.find((entry) => entry.section === undefined && entry.key === key)?.value
  return {
    names: [...new Set([...names, ...others])].filter((name) => name !== ''),
    subject,
    days: isOpenSsl ? undefined : numberOf(plain('expiration_days')),
    rsaBits: isOpenSsl ? numberOf(inRequest('default_bits')) : undefined,
  }
}
