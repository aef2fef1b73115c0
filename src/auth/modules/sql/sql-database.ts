import type {RcValues} from '../rc-file.js'
import type {PreparedQuery, Quoting} from './query-template.js'

/** A row by position, all values as text. NULL is the empty text (`spec/auth.md` §19). */
export type SqlRow = readonly string[]

/** A database of accounts. All methods throw `Fault` `unavailable` when it does not answer. */
export interface SqlDatabase {
  rows(query: PreparedQuery): Promise<readonly SqlRow[]>
  /** Changes rows and tells how many were meant, also when they already had the new values. */
  change(query: PreparedQuery): Promise<number>
  close(): Promise<void>
}

export interface SqlOpenOptions {
  /** Most connections at the same time. */
  readonly connections: number
  /** Longest time for connecting, for waiting for a connection, and for a query. */
  readonly timeoutMs: number
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
}

/** In what the SQL modules differ (`spec/auth.md` §19–§21). */
export interface SqlDialect extends Quoting {
  /** `authmysql`; the rc file is `authmysqlrc`. */
  readonly name: string
  /** `MYSQL_`. */
  readonly prefix: string
  /** Names without the prefix that replace the maildir for the service `courier`. */
  readonly deliveryNames: readonly string[]
  /** Table and password columns are required also when all queries are custom. */
  readonly alwaysNeedsTable: boolean
  /** The default UPDATE has the where clause too. */
  readonly changesWithWhere: boolean
  /** More rows than one are an error; else the first counts. */
  readonly wantsOneRow: boolean
  /** A password change that finds no row has failed. */
  readonly changesNeedRow: boolean
  /** With the database down, logins are tried with the next modules (`spec/auth.md` §14). */
  readonly downAsksOthers: boolean
  /** An account with broken ids or without a home counts as a failure of the database; else it is refused. */
  readonly badAccountIsUnavailable: boolean
  /** Loads the library that `open` will need, if it has not been yet. */
  load?(): Promise<unknown>
  /** Connects to nothing yet. @throws {Fault} `bad-configuration` */
  open(values: RcValues, options: SqlOpenOptions): SqlDatabase
}
