/** A thread that runs SQLite: its calls block. Made by `sqlite-database.ts`. */
import {statSync} from 'node:fs'
import {parentPort, workerData} from 'node:worker_threads'
import {loadSqlite, type OpenSqlite, type Sqlite, type SqliteAnswer, type SqliteQuery} from './sqlite-library.js'

export interface SqliteWorkerData {
  readonly path: string
  readonly timeMs: number
}

export interface SqliteRequest extends SqliteQuery {
  readonly id: number
}

export type SqliteReply = {readonly id: number; readonly answer: SqliteAnswer} | {readonly id: number; readonly problem: string}

const MAX_ROWS = 1_000_000

const {path, timeMs} = workerData as SqliteWorkerData
let load: OpenSqlite | undefined
let open: {readonly database: Sqlite; readonly file: string} | undefined

/** Another file may have got the name: a copy that is put in place, or a restored one. */
function database(): Sqlite {
  const {dev, ino} = statSync(path, {bigint: true})
  const file = `${dev}:${ino}`
  if (open && open.file !== file) {
    open.database.close()
    open = undefined
  }
  load ??= loadSqlite()
  open ??= {database: load(path), file}
  return open.database
}

parentPort?.on('message', ({id, sql, parameters}: SqliteRequest) => {
  let reply: SqliteReply
  try {
    reply = {id, answer: database().run({sql, parameters}, {rows: MAX_ROWS, timeMs})}
  } catch (error) {
    reply = {id, problem: error instanceof Error ? error.message : String(error)}
  }
  parentPort?.postMessage(reply)
})
