/**
 * SQLite as the system has it: only the real library takes the same locks as the programs that write to the file, and reads a
 * write-ahead log. Blocks its thread.
 */
import {koffi, loadLibrary} from '../../../support/native-library.js'

const LIBRARIES = ['libsqlite3.so.0', 'libsqlite3.so', 'libsqlite3.dylib', '/usr/lib/libsqlite3.dylib']
const SQLITE_OK = 0
const SQLITE_ROW = 100
const SQLITE_DONE = 101
const OPEN_READWRITE = 2
/** SQLite copies the text: ours may move. */
const TRANSIENT = -1
/** Instructions of SQLite's machine between two looks at the clock. */
const STEPS_BETWEEN_LOOKS = 10_000

type Pointer = unknown

export interface SqliteQuery {
  readonly sql: string
  readonly parameters: readonly string[]
}

export interface SqliteLimits {
  readonly rows: number
  readonly timeMs: number
}

export interface SqliteAnswer {
  readonly rows: string[][]
  readonly changes: number
}

export interface Sqlite {
  /** Runs one statement. @throws {Error} in SQLite's words */
  run(query: SqliteQuery, limits: SqliteLimits): SqliteAnswer
  close(): void
}

/** Opens a file that exists. @throws {Error} in SQLite's words; {Fault} `unavailable` when the system has no SQLite */
export type OpenSqlite = (path: string) => Sqlite

/** @throws {Fault} `unavailable` when the system has no SQLite */
export function loadSqlite(): OpenSqlite {
  const functions = functionsOf()
  return (path) => {
    const handle: Pointer[] = [null]
    const result = functions.open(path, handle, OPEN_READWRITE, null)
    const db = handle[0]
    const fail = () => new Error(db ? functions.message(db) : `Cannot open "${path}"`)
    if (result !== SQLITE_OK) {
      const error = fail()
      functions.close(db)
      throw error
    }
    let deadline = Number.POSITIVE_INFINITY
    const look = koffi.register(() => (performance.now() > deadline ? 1 : 0), functions.lookType)
    functions.setLook(db, STEPS_BETWEEN_LOOKS, look, null)
    return {
      run({sql, parameters}, limits) {
        deadline = performance.now() + limits.timeMs
        functions.setBusy(db, limits.timeMs)
        const statements: Pointer[] = [null]
        const tail: (string | null)[] = [null]
        if (functions.prepare(db, sql, -1, statements, tail) !== SQLITE_OK) throw fail()
        const statement = statements[0]
        try {
          if (!statement) throw new Error('The query is empty')
          if (/[^\s;]/.test(tail[0] ?? '')) throw new Error('Only one statement is possible')
          parameters.forEach((text, index) => {
            const octets = Buffer.from(text, 'utf8')
            if (functions.bind(statement, index + 1, octets, octets.length, TRANSIENT) !== SQLITE_OK) throw fail()
          })
          const rows: string[][] = []
          let step = functions.step(statement)
          for (; step === SQLITE_ROW; step = functions.step(statement)) {
            if (rows.length >= limits.rows) throw new Error(`More than ${limits.rows} rows`)
            rows.push(Array.from({length: functions.columns(statement)}, (_, index) => functions.text(statement, index) ?? ''))
          }
          if (step !== SQLITE_DONE) throw fail()
          return {rows, changes: functions.changes(db)}
        } finally {
          functions.finalize(statement)
        }
      },
      close() {
        functions.close(db)
        koffi.unregister(look)
      },
    }
  }
}

function functionsOf() {
  const library = loadLibrary(LIBRARIES)
  const lookType = koffi.pointer(koffi.proto('int', ['void *']))
  return {
    lookType,
    open: library.func('int sqlite3_open_v2(str path, _Out_ void **db, int flags, str vfs)'),
    message: library.func('str sqlite3_errmsg(void *db)'),
    close: library.func('int sqlite3_close_v2(void *db)'),
    setBusy: library.func('int sqlite3_busy_timeout(void *db, int ms)'),
    setLook: library.func('sqlite3_progress_handler', 'void', ['void *', 'int', lookType, 'void *']),
    prepare: library.func('int sqlite3_prepare_v2(void *db, str sql, int octets, _Out_ void **statement, _Out_ str *tail)'),
    bind: library.func('int sqlite3_bind_text(void *statement, int index, uint8_t *text, int octets, intptr_t destructor)'),
    step: library.func('int sqlite3_step(void *statement)'),
    columns: library.func('int sqlite3_column_count(void *statement)'),
    text: library.func('str sqlite3_column_text(void *statement, int index)'),
    changes: library.func('int sqlite3_changes(void *db)'),
    finalize: library.func('int sqlite3_finalize(void *statement)'),
  } as const
}
