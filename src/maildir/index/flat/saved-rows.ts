import {finish, type Steps} from '../../../support/steps.js'
import {readInto} from './cache-files.js'
import {crc32} from './checksum.js'
import type {LogEntry} from './log-file.js'
import {rowsAfter} from './replay.js'
import {columnOctets, roomyColumns} from './row-columns.js'
import type {MetadataRows} from './rows.js'
import type {SavedView} from './view-file.js'

/** Read and checked in about half a millisecond. */
const PIECE_BYTES = 512 * 1024

export interface SavedRowsOptions {
  /** Of the view's file. */
  readonly path: string
  /** Where they lie in it. */
  readonly rows: SavedView['rows']
  /** What the log says after it. */
  readonly log: readonly LogEntry[]
  /** They have to be compared with their files. */
  readonly isDoubtful: boolean
}

/** Rows that lie in the files of a folder's index until somebody asks for them. */
export class SavedRows {
  readonly #options: SavedRowsOptions
  #isDoubtful: boolean
  readonly #gone: number[] = []

  constructor(options: SavedRowsOptions) {
    this.#options = options
    this.#isDoubtful = options.isDoubtful
  }

  doubt(): void {
    this.#isDoubtful = true
  }

  /** Messages that are gone have none any more. */
  remove(uids: readonly number[]): void {
    for (const uid of uids) this.#gone.push(uid)
  }

  /** Reads them. @throws {Error} they are damaged, or the file is gone or another one */
  read(): MetadataRows {
    return finish(this.steps())
  }

  /** The same in steps. */
  *steps(): Steps<MetadataRows> {
    const {path, rows, log} = this.#options
    const columns = roomyColumns(rows.count)
    let at = rows.start
    let crc = rows.seed
    for (const column of columnOctets(columns, rows.count)) {
      for (let from = 0; from < column.length; from += PIECE_BYTES) {
        const piece = column.subarray(from, from + PIECE_BYTES)
        if (!readInto(path, at, piece)) throw new RangeError('The rows are gone')
        crc = crc32(piece, crc)
        at += piece.length
        yield
      }
    }
    if (crc !== rows.crc) throw new RangeError('The rows are damaged')
    const read = rowsAfter(columns, rows.count, log)
    for (const uid of this.#gone) read.remove(uid)
    if (this.#isDoubtful) read.doubt()
    return read
  }
}
