import {readParts} from './cache-files.js'
import type {LogEntry} from './log-file.js'
import {rowsAfter} from './replay.js'
import type {MetadataRows} from './rows.js'
import type {SavedView} from './view-file.js'

export interface SavedRowsOptions {
  /** Of the view's file. */
  readonly path: string
  readonly limitBytes: number
  readonly view: SavedView
  /** What the log says after it. */
  readonly log: readonly LogEntry[]
  /** They have to be compared with their files. */
  readonly isDoubtful: boolean
}

/** Rows that lie in the files of a folder's index until somebody asks for them. */
export class SavedRows {
  readonly #options: SavedRowsOptions
  #isDoubtful: boolean

  constructor(options: SavedRowsOptions) {
    this.#options = options
    this.#isDoubtful = options.isDoubtful
  }

  doubt(): void {
    this.#isDoubtful = true
  }

  /** Reads them. @throws {Error} they are damaged, or the file is gone or another one */
  read(): MetadataRows {
    const {path, limitBytes, view, log} = this.#options
    const columns = readParts(path, limitBytes, view.rows)
    if (!columns) throw new RangeError('The rows are damaged or gone')
    const rows = rowsAfter(columns, log)
    if (this.#isDoubtful) rows.doubt()
    return rows
  }
}
