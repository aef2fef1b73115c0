import {readdir, readFile} from 'node:fs/promises'
import {join} from 'node:path'
import type mysql from 'mysql2/promise'
import {Fault} from '../../../support/fault.js'
import {ConnectionPool, type PooledConnection} from '../connection-pool.js'
import {within} from '../within.js'
import type {PreparedQuery} from './query-template.js'
import type {SqlDatabase, SqlOpenOptions, SqlRow} from './sql-database.js'

export interface MysqlSettings {
  readonly host: string | undefined
  readonly socketPath: string | undefined
  /** 0: the default port. */
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
  readonly characterSet: string | undefined
  /** Names of client flags. */
  readonly flags: readonly string[]
  /** Set: the connection is encrypted and the server's certificate checked. */
  readonly tls: MysqlTls | undefined
}

/** Paths of PEM files. */
export interface MysqlTls {
  readonly authority: string | undefined
  readonly authorityDirectory: string | undefined
  readonly certificate: string | undefined
  readonly key: string | undefined
  readonly ciphers: string | undefined
}

/** Statements that cannot be prepared: ER_UNSUPPORTED_PS. */
const NOT_PREPARABLE = 1295
const WHAT = 'The MySQL server'

/** Loaded by who needs it: it takes longer than most programs run. */
export async function loadMysql(): Promise<typeof mysql> {
  return (await import('mysql2/promise')).default
}

/** A MySQL or MariaDB server (`spec/auth.md` §19). The only user of mysql2. */
export class MysqlDatabase implements SqlDatabase {
  readonly #pool: ConnectionPool<MysqlConnection>
  readonly #timeoutMs: number

  constructor(settings: MysqlSettings, {connections, timeoutMs, now}: SqlOpenOptions) {
    this.#timeoutMs = timeoutMs
    const connect = () => connectTo(settings, timeoutMs)
    this.#pool = new ConnectionPool({what: WHAT, connect, limit: connections, waitMs: timeoutMs, now})
  }

  async rows(query: PreparedQuery): Promise<readonly SqlRow[]> {
    return rowsOf(await this.#run(query))
  }

  async change(query: PreparedQuery): Promise<number> {
    const result = await this.#run(query)
    return !Array.isArray(result) && typeof result === 'object' && result !== null && 'affectedRows' in result
      ? Number(result.affectedRows)
      : 0
  }

  close(): Promise<void> {
    return this.#pool.close()
  }

  async #run(query: PreparedQuery): Promise<unknown> {
    try {
      return await this.#pool.use((connection) => connection.run(query, this.#timeoutMs))
    } catch (error) {
      if (error instanceof Fault) throw error
      throw new Fault('unavailable', `${WHAT}: ${error instanceof Error ? error.message : String(error)}`, {cause: error})
    }
  }
}

class MysqlConnection implements PooledConnection {
  usable = true
  readonly #connection: mysql.Connection

  constructor(connection: mysql.Connection) {
    this.#connection = connection
    // Also what the server says before it goes; without a listener it would end the process.
    connection.on('error', () => {
      this.usable = false
    })
    const {stream} = connection as unknown as {readonly stream?: NodeJS.EventEmitter}
    stream?.on('close', () => {
      this.usable = false
    })
  }

  async run({texts, parameters}: PreparedQuery, timeoutMs: number): Promise<unknown> {
    const sql = texts.join('?')
    try {
      return await within(this.#execute(sql, parameters), timeoutMs, {what: WHAT, late: () => this.#destroy()})
    } catch (error) {
      if (isFatal(error)) this.#destroy()
      throw error
    }
  }

  async close(): Promise<void> {
    if (!this.usable) return this.#destroy()
    this.usable = false
    await within(this.#connection.end(), 1000, {what: WHAT, late: () => this.#destroy()})
  }

  async #execute(sql: string, parameters: readonly string[]): Promise<unknown> {
    try {
      const [result] = await this.#connection.execute({sql, rowsAsArray: true}, [...parameters])
      return result
    } catch (error) {
      if (!(error instanceof Error && 'errno' in error && error.errno === NOT_PREPARABLE)) throw error
      // What escapes depends on the mode of the server: such names are then nobody's.
      if (parameters.some((text) => /['"\\\0]/.test(text))) throw new Fault('unavailable', `${WHAT} cannot prepare this query`)
      const [result] = await this.#connection.query({sql, rowsAsArray: true}, [...parameters])
      return result
    }
  }

  #destroy(): void {
    this.usable = false
    this.#connection.destroy()
  }
}

function isFatal(error: unknown): boolean {
  return error instanceof Error && 'fatal' in error && error.fatal === true
}

async function connectTo(settings: MysqlSettings, timeoutMs: number): Promise<MysqlConnection> {
  const {host, socketPath, port, user, password, database, characterSet, flags, tls} = settings
  const options: mysql.ConnectionOptions = {
    user,
    password,
    database,
    connectTimeout: timeoutMs,
    flags: [...flags],
    multipleStatements: flags.includes('MULTI_STATEMENTS'),
    // Queries are few; where a name is put into their text, every one is another.
    maxPreparedStatements: 50,
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    ...(socketPath ? {socketPath} : {host: host ?? 'localhost', ...(port > 0 ? {port} : {})}),
    ...(characterSet ? {charset: characterSet} : {}),
    ...(tls ? {ssl: await tlsOptions(tls)} : {}),
  }
  const {createConnection} = await loadMysql()
  return new MysqlConnection(await createConnection(options))
}

async function tlsOptions({authority, authorityDirectory, certificate, key, ciphers}: MysqlTls): Promise<mysql.SslOptions> {
  const ca = authority ? [await readFile(authority, 'utf8')] : []
  if (authorityDirectory) {
    for (const name of await readdir(authorityDirectory)) ca.push(await readFile(join(authorityDirectory, name), 'utf8'))
  }
  return {
    ca,
    ...(certificate ? {cert: await readFile(certificate, 'utf8')} : {}),
    ...(key ? {key: await readFile(key, 'utf8')} : {}),
    ...(ciphers ? {ciphers} : {}),
    rejectUnauthorized: true,
  }
}

/** Rows of the first result: a stored procedure gives several. */
function rowsOf(result: unknown): readonly SqlRow[] {
  if (!Array.isArray(result)) return []
  const [first] = result
  const rows: readonly unknown[] =
    Array.isArray(first) && (first.length === 0 || Array.isArray(first[0])) && result.length > 1 ? first : result
  return rows.filter(Array.isArray).map((row: readonly unknown[]) => row.map(textOf))
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  return Buffer.isBuffer(value) ? value.toString('utf8') : String(value)
}
