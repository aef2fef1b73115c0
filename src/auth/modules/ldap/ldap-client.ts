import {readFile} from 'node:fs/promises'
import {connect as connectSocket} from 'node:net'
import type {ConnectionOptions} from 'node:tls'
import {AndFilter, Attribute, Change, Client, EqualityFilter, type Filter, FilterParser, PresenceFilter, ResultCodeError} from 'ldapts'
import {Fault} from '../../../support/fault.js'
import type {PooledConnection} from '../connection-pool.js'
import {errorText} from '../error-text.js'
import {within} from '../within.js'
import type {Dereference, LdapSettings} from './ldap-settings.js'

/** An entry: values of an attribute as octets, names of attributes in any case. */
export interface LdapEntry {
  readonly dn: string
  values(attribute: string): readonly Buffer[]
}

/** What is searched for: `filters` all hold, and `match`. Texts are never put into filters. */
export interface LdapQuery {
  readonly base: string
  /** The administrator's, in the form of RFC 4515. */
  readonly filters: readonly string[]
  readonly match?: {readonly attribute: string; readonly value: string} | undefined
  readonly present?: string
  readonly attributes: readonly string[]
}

const SYSTEM_AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt'
/** RFC 4532. */
const WHO_AM_I = '1.3.6.1.4.1.4203.1.11.3'
const MOST_ENTRIES = 100
const PAGE = 500
/** A search over everything, between two pages. */
const ENUMERATION_MS = 60_000
/** Of a bind: constraintViolation, the name errors, inappropriateAuthentication, invalidCredentials, insufficientAccessRights, unwillingToPerform. */
const WRONG = new Set([19, 32, 33, 34, 36, 48, 49, 50, 53])
/** busy, unavailable: this server is no use now. */
const DOWN = new Set([51, 52])

/** The filter of a query (RFC 4511 §4.5.1.7). @throws {Fault} `bad-configuration` */
export function filterOf({filters, match, present}: LdapQuery): Filter {
  const all = filters.map(parseFilter)
  if (match) all.push(new EqualityFilter(match))
  if (present !== undefined) all.push(new PresenceFilter({attribute: present}))
  const [only] = all
  return all.length === 1 && only ? only : new AndFilter({filters: all})
}

function parseFilter(text: string): Filter {
  try {
    return FilterParser.parseString(text.startsWith('(') ? text : `(${text})`)
  } catch (error) {
    throw new Fault('bad-configuration', `"${text}" is no filter`, {cause: error})
  }
}

/** A connection to an LDAP server (RFC 4511). The only user of ldapts. Texts of the server become errors, `Fault` when the time is up. */
export class LdapConnection implements PooledConnection {
  readonly #client: Client
  readonly #settings: LdapSettings
  /** The one that searches must stay bound: the client would connect again as nobody, and nobody may see nothing. */
  #mustBeBound = false
  #closed = false

  private constructor(client: Client, settings: LdapSettings) {
    this.#client = client
    this.#settings = settings
  }

  /** Connects to the first server that answers. @throws {Error} why the last one did not */
  static async open(settings: LdapSettings, environment: Readonly<Record<string, string>>, limitMs?: number): Promise<LdapConnection> {
    let failure: unknown
    for (const uri of settings.uris) {
      let connection: LdapConnection | undefined
      try {
        connection = new LdapConnection(await clientFor(uri, {settings, environment, limitMs: limitMs ?? settings.timeoutMs}), settings)
        await connection.#prepare(uri, environment)
        return connection
      } catch (error) {
        failure = new Error(`${uri}: ${errorText(error)}`, {cause: error})
        await connection?.close()
      }
    }
    throw failure instanceof Error ? failure : new Error('LDAP_URI is empty')
  }

  get usable(): boolean {
    return !this.#closed && this.#client.isConnected && (!this.#mustBeBound || this.#client.isBound)
  }

  /** At most a hundred entries. */
  async search(query: LdapQuery): Promise<LdapEntry[]> {
    const {timeoutMs} = this.#settings
    const attributes = [...query.attributes]
    const options = {
      scope: 'sub' as const,
      filter: filterOf(query),
      sizeLimit: MOST_ENTRIES,
      timeLimit: Math.ceil(timeoutMs / 1000),
      attributes,
      explicitBufferAttributes: attributes,
    }
    const {searchEntries} = await this.#run(() => this.#client.search(query.base, options))
    return searchEntries.map(entryOf)
  }

  /** All entries, a page after the other. */
  async *searchAll(query: LdapQuery): AsyncGenerator<LdapEntry> {
    const attributes = [...query.attributes]
    const options = {
      scope: 'sub' as const,
      filter: filterOf(query),
      timeLimit: 3600,
      paged: {pageSize: PAGE},
      attributes,
      explicitBufferAttributes: attributes,
    }
    for await (const {searchEntries} of this.#client.searchPaginated(query.base, options)) {
      if (!this.usable) throw new Error('The connection to the LDAP server was lost')
      for (const entry of searchEntries) yield entryOf(entry)
    }
  }

  /** Whether the server takes the password. An empty one would be nobody's (RFC 4513 §5.1.2) and is never sent. */
  async bindsAs(dn: string, password: string): Promise<boolean> {
    if (dn === '' || password === '') return false
    try {
      await this.#run(() => this.#client.bind(dn, Buffer.from(password, 'latin1').toString('utf8')))
      return true
    } catch (error) {
      if (error instanceof ResultCodeError && WRONG.has(error.code)) return false
      throw error
    }
  }

  /** Replaces all values of attributes. */
  async replace(dn: string, values: readonly (readonly [attribute: string, value: string])[]): Promise<void> {
    const changes = values.map(([type, value]) => new Change({operation: 'replace', modification: new Attribute({type, values: [value]})}))
    await this.#run(() => this.#client.modify(dn, changes))
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#client.unbind().catch(() => undefined)
  }

  async #prepare(uri: string, environment: Readonly<Record<string, string>>): Promise<void> {
    const {startTls, searcher} = this.#settings
    if (startTls && !uri.startsWith('ldaps:')) {
      // The library waits for the end of the handshake for ever.
      const encrypted = this.#client.startTLS(await tlsOptions(uri, environment))
      await within(encrypted, this.#settings.timeoutMs, {what: 'The handshake', late: () => void this.close()})
    }
    if (!searcher) return
    await this.#client.bind(searcher.dn, searcher.password)
    this.#mustBeBound = true
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (!this.usable) throw new Error('The connection to the LDAP server is gone')
    try {
      const result = await work()
      // Had it been lost meanwhile, the client would have asked as nobody.
      if (this.#mustBeBound && !this.#client.isBound) throw new Error('The connection to the LDAP server was lost')
      return result
    } catch (error) {
      if (!(error instanceof ResultCodeError) || DOWN.has(error.code)) await this.close()
      if (error instanceof Error && /timed out/.test(error.message))
        throw new Fault('unavailable', 'The LDAP server did not answer in time', {cause: error})
      throw error
    }
  }
}

/** For enumerations: one that waits longer. */
export function openForEnumeration(settings: LdapSettings, environment: Readonly<Record<string, string>>): Promise<LdapConnection> {
  return LdapConnection.open(settings, environment, ENUMERATION_MS)
}

interface ClientOptions {
  readonly settings: LdapSettings
  readonly environment: Readonly<Record<string, string>>
  readonly limitMs: number
}

async function clientFor(uri: string, {settings, environment, limitMs}: ClientOptions): Promise<Client> {
  const options = {timeout: limitMs, connectTimeout: settings.timeoutMs, strictDN: false}
  const client = /^ldapi:/i.test(uri)
    ? new Client({...options, url: 'ldap://localhost', createConnection: socketOpener(uri)})
    : new Client({...options, url: uri, ...(/^ldaps:/i.test(uri) ? {tlsOptions: await tlsOptions(uri, environment)} : {})})
  dereferencing(client, settings.dereference)
  // Connects, so that what follows never does so by itself.
  await client.exop(WHO_AM_I).catch((error: unknown) => {
    // Refused or unknown: an answer all the same.
    if (error instanceof ResultCodeError) return
    client.unbind().catch(() => undefined)
    throw error
  })
  return client
}

/** `ldapi://%2Frun%2Fslapd%2Fldapi`: a socket in the file system. */
function socketOpener(uri: string): typeof connectSocket {
  const path = decodeURIComponent(new URL(uri).hostname) || '/var/run/slapd/ldapi'
  return (() => connectSocket(path)) as typeof connectSocket
}

/** The library forgets this option of a search (ldapts 8.2), so it is set when the request is sent. */
function dereferencing(client: Client, dereference: Dereference): void {
  if (dereference === 'never') return
  const inner = client as unknown as {_send(message: object): Promise<unknown>}
  const send = inner._send.bind(client)
  inner._send = (message) => send('derefAliases' in message ? Object.assign(message, {derefAliases: dereference}) : message)
}

/** The environment of OpenLDAP's library (`LDAPTLS_…`, ldap.conf(5)); by default the certificate of the server must be right. */
async function tlsOptions(uri: string, environment: Readonly<Record<string, string>>): Promise<ConnectionOptions> {
  const read = async (name: string) => {
    const path = environment[`LDAPTLS_${name}`]
    return path ? await readFile(path, 'utf8') : undefined
  }
  const [named, cert, key] = [await read('CACERT'), await read('CERT'), await read('KEY')]
  const ca = named ?? (await readFile(SYSTEM_AUTHORITIES, 'utf8').catch(() => undefined))
  const {hostname} = new URL(uri)
  return {
    servername: /^[\d.]+$|:/.test(hostname) ? '' : hostname,
    host: hostname.replace(/^\[|\]$/g, ''),
    rejectUnauthorized: !/^(never|allow)$/i.test(environment.LDAPTLS_REQCERT ?? ''),
    ...(ca ? {ca} : {}),
    ...(cert ? {cert} : {}),
    ...(key ? {key} : {}),
  }
}

function entryOf(entry: {readonly dn: string; readonly [attribute: string]: unknown}): LdapEntry {
  return {
    dn: entry.dn,
    values(attribute) {
      const wanted = attribute.toLowerCase()
      const names = Object.keys(entry).filter((name) => name !== 'dn' && name.toLowerCase() === wanted)
      return names.flatMap((name) => {
        const value = entry[name]
        return (Array.isArray(value) ? value : [value]).flatMap((each: unknown) =>
          Buffer.isBuffer(each) ? [each] : typeof each === 'string' ? [Buffer.from(each)] : [],
        )
      })
    },
  }
}
