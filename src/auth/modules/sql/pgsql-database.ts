import {readFile} from 'node:fs/promises'
import type {ConnectionOptions} from 'node:tls'
import type pg from 'pg'
import {Fault} from '../../../support/fault.js'
import {ConnectionPool, type PooledConnection} from '../connection-pool.js'
import {within} from '../within.js'
import type {PreparedQuery} from './query-template.js'
import type {SqlDatabase, SqlOpenOptions, SqlRow} from './sql-database.js'

export interface PgsqlSettings {
  /** Parameters of libpq by name: `host`, `port`, `dbname`, `sslmode`, …. */
  readonly parameters: ReadonlyMap<string, string>
  readonly characterSet: string | undefined
}

const WHAT = 'The PostgreSQL server'
/** Connections of this encoding only are understood. */
const ENCODING = 'UTF8'

/** Loaded by who needs it: it takes longer than most programs run. */
export async function loadPgsql(): Promise<typeof pg> {
  return (await import('pg')).default
}

/** A PostgreSQL server (`spec/auth.md` §20). The only user of pg. */
export class PgsqlDatabase implements SqlDatabase {
  readonly #pool: ConnectionPool<PgsqlConnection>
  readonly #timeoutMs: number

  constructor(settings: PgsqlSettings, {connections, timeoutMs, now}: SqlOpenOptions) {
    this.#timeoutMs = timeoutMs
    const connect = () => connectTo(settings, timeoutMs)
    this.#pool = new ConnectionPool({what: WHAT, connect, limit: connections, waitMs: timeoutMs, now})
  }

  async rows(query: PreparedQuery): Promise<readonly SqlRow[]> {
    const {rows} = await this.#run(query)
    return rows.map((row) => row.map((value) => value ?? ''))
  }

  async change(query: PreparedQuery): Promise<number> {
    return (await this.#run(query)).rowCount ?? 0
  }

  close(): Promise<void> {
    return this.#pool.close()
  }

  async #run(query: PreparedQuery): Promise<pg.QueryArrayResult<(string | null)[]>> {
    try {
      return await this.#pool.use((connection) => connection.run(query, this.#timeoutMs))
    } catch (error) {
      if (error instanceof Fault) throw error
      throw new Fault('unavailable', `${WHAT}: ${error instanceof Error ? error.message : String(error)}`, {cause: error})
    }
  }
}

class PgsqlConnection implements PooledConnection {
  usable = true
  readonly #client: pg.Client
  readonly #escape: typeof pg.escapeLiteral

  constructor(client: pg.Client, escapeLiteral: typeof pg.escapeLiteral) {
    this.#client = client
    this.#escape = escapeLiteral
    client.on('error', () => {
      this.usable = false
    })
    client.on('end', () => {
      this.usable = false
    })
  }

  async run({texts, parameters}: PreparedQuery, timeoutMs: number): Promise<pg.QueryArrayResult<(string | null)[]>> {
    const text = texts.map((part, index) => (index === 0 ? part : `$${index}${part}`)).join('')
    const late = () => this.#destroy()
    const work = this.#query(text, parameters).catch((error: unknown) => {
      if (!isTypeProblem(error) || parameters.length === 0) throw error
      // A query that means a text of no type in particular, as a literal is: "concat('$(local_part)', …)".
      const literals = texts.map((part, index) => (index === 0 ? part : this.#escape(parameters[index - 1] ?? '') + part)).join('')
      return this.#query(literals, [])
    })
    return within(work, timeoutMs, {what: WHAT, late})
  }

  async close(): Promise<void> {
    if (!this.usable) return this.#destroy()
    this.usable = false
    await within(this.#client.end(), 1000, {what: WHAT, late: () => this.#destroy()})
  }

  #query(text: string, values: readonly string[]): Promise<pg.QueryArrayResult<(string | null)[]>> {
    return this.#client.query<(string | null)[]>({text, values: [...values], rowMode: 'array', types: {getTypeParser: () => asText}})
  }

  #destroy(): void {
    this.usable = false
    const {connection} = this.#client as unknown as {readonly connection?: {readonly stream?: {destroy(): void}}}
    connection?.stream?.destroy()
  }
}

function asText(value: string | Buffer): string {
  return String(value)
}

/** SQLSTATE class 42 (syntax, types) and 22P02 (a text that is no number). */
function isTypeProblem(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (String(error.code).startsWith('42') || error.code === '22P02')
}

async function connectTo({parameters, characterSet}: PgsqlSettings, timeoutMs: number): Promise<PgsqlConnection> {
  const value = (name: string) => parameters.get(name) || undefined
  const host = value('hostaddr') ?? value('host') ?? '/var/run/postgresql'
  const ssl = await tlsOptions(parameters)
  const {Client, escapeLiteral} = await loadPgsql()
  const client = new Client({
    host,
    port: Number(value('port') ?? 5432),
    connectionTimeoutMillis: timeoutMs,
    application_name: value('application_name') ?? 'courier',
    ssl: host.startsWith('/') ? false : (ssl ?? false),
    ...(value('user') ? {user: value('user')} : {}),
    ...(value('password') ? {password: value('password')} : {}),
    ...(value('dbname') ? {database: value('dbname')} : {}),
    ...(value('options') ? {options: value('options')} : {}),
  })
  const connection = new PgsqlConnection(client, escapeLiteral)
  try {
    await client.connect()
    // Whatever the tables are in: the server converts.
    if (characterSet && !/^utf-?8$/i.test(characterSet)) await client.query(`SET client_encoding TO '${ENCODING}'`)
    return connection
  } catch (error) {
    connection.close().catch(() => undefined)
    throw error
  }
}

/** As libpq has it: `require` encrypts, `verify-ca` and `verify-full` check. Undefined: not encrypted. */
async function tlsOptions(parameters: ReadonlyMap<string, string>): Promise<ConnectionOptions | undefined> {
  const mode = parameters.get('sslmode') ?? 'prefer'
  const file = async (name: string) => {
    const path = parameters.get(name)
    return path ? await readFile(path, 'utf8') : undefined
  }
  if (mode !== 'require' && !mode.startsWith('verify-')) return undefined
  const [ca, cert, key] = [await file('sslrootcert'), await file('sslcert'), await file('sslkey')]
  return {
    rejectUnauthorized: mode !== 'require' || ca !== undefined,
    ...(mode === 'verify-full' ? {} : {checkServerIdentity: () => undefined}),
    ...(ca ? {ca} : {}),
    ...(cert ? {cert} : {}),
    ...(key ? {key} : {}),
  }
}
