import {ConnectionPool} from '../connection-pool.js'
import {escapeFilterText} from './escape-filter-text.js'
import type {LdapConnection, LdapEntry, LdapQuery} from './ldap-client.js'
import type {LdapSettings} from './ldap-settings.js'

export interface LdapDirectoryOptions {
  readonly settings: LdapSettings
  /** `LDAPTLS_CACERT`, …. */
  readonly environment: Readonly<Record<string, string>>
  /** Most connections for searching, and as many for binding. */
  readonly connections: number
  readonly now: () => number
  readonly attributes: readonly string[]
}

/** Loaded by who needs it: it takes longer than most programs run. */
export function loadLdap(): Promise<typeof import('./ldap-client.js')> {
  return import('./ldap-client.js')
}

/** The servers of an rc file: one set of connections searches, another checks passwords by binding. */
export class LdapDirectory {
  readonly settings: LdapSettings
  readonly #options: LdapDirectoryOptions
  readonly #searchers: ConnectionPool<LdapConnection>
  readonly #checkers: ConnectionPool<LdapConnection>

  constructor(options: LdapDirectoryOptions) {
    const {settings, environment, connections, now} = options
    this.settings = settings
    this.#options = options
    const pool = (opened: LdapSettings) =>
      new ConnectionPool({
        what: 'The LDAP server',
        connect: async () => (await loadLdap()).LdapConnection.open(opened, environment),
        limit: connections,
        // Connecting, encrypting and binding, at each of the servers.
        waitMs: settings.timeoutMs * (settings.uris.length + 1),
        now,
      })
    this.#searchers = pool(settings)
    this.#checkers = pool({...settings, searcher: undefined})
  }

  /** The one entry of that login; undefined for none, and for more than one. */
  async find(user: string): Promise<LdapEntry | undefined> {
    const {base, filter, mail, domain, map} = this.settings
    const handle = map && user.includes('@') ? await this.#mapped(user) : undefined
    if (map && user.includes('@') && handle === undefined) return undefined
    const login = handle ?? (domain !== undefined && !user.includes('@') ? `${user}@${domain}` : user)
    return this.#findOne({
      base,
      filters: filter === undefined ? [] : [filter],
      match: {attribute: handle === undefined ? mail : (map?.mail ?? mail), value: login},
      attributes: this.#options.attributes,
    })
  }

  /** Whether the server takes the password of that entry. */
  binds(dn: string, password: string): Promise<boolean> {
    return this.#checkers.use((connection) => connection.bindsAs(dn, password))
  }

  /** Replaces values: as the account itself where passwords are checked by binding, else as the one who searches. */
  async replace(dn: string, values: readonly (readonly [attribute: string, value: string])[], password: string): Promise<boolean> {
    if (!this.settings.bindsToCheck) {
      await this.#searchers.use((connection) => connection.replace(dn, values))
      return true
    }
    return this.#checkers.use(async (connection) => {
      if (!(await connection.bindsAs(dn, password))) return false
      await connection.replace(dn, values)
      return true
    })
  }

  /** Every entry with accounts. */
  async *all(): AsyncGenerator<LdapEntry> {
    const {settings, environment, attributes} = this.#options
    const filter = settings.enumerateFilter ?? settings.filter
    const {openForEnumeration} = await loadLdap()
    const connection = await openForEnumeration(settings, environment)
    try {
      // Courier: forgets the default of LDAP_MAIL in the filter for all.
      const query: LdapQuery = {
        base: settings.base,
        filters: filter ? [filter] : [],
        ...(filter ? {} : {present: settings.mail}),
        attributes,
      }
      yield* connection.searchAll(query)
    } finally {
      await connection.close()
    }
  }

  async close(): Promise<void> {
    await this.#searchers.close()
    await this.#checkers.close()
  }

  /** LDAP_EMAILMAP: the value to search with. */
  async #mapped(user: string): Promise<string | undefined> {
    const {map} = this.settings
    if (!map) return undefined
    const at = user.indexOf('@')
    const values: Readonly<Record<string, string>> = {user: user.slice(0, at), realm: user.slice(at + 1)}
    const filter = map.filter.replace(/@([A-Za-z0-9_]+)@/g, (_, name: string) =>
      escapeFilterText(Object.hasOwn(values, name) ? (values[name] ?? '') : ''),
    )
    const entry = await this.#findOne({base: map.base, filters: [filter], attributes: [map.attribute]})
    return entry?.values(map.attribute)[0]?.toString('utf8') || undefined
  }

  async #findOne(query: LdapQuery): Promise<LdapEntry | undefined> {
    const entries = await this.#searchers.use((connection) => connection.search(query))
    return entries.length === 1 ? entries[0] : undefined
  }
}
