/** A real store on a temporary Maildir. */
import {existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {Log, LogFacts} from '../../src/log/log.js'
import type {StoreEnvironment} from '../../src/maildir/environment.js'
import {ColumnBudget} from '../../src/maildir/folder/column-budget.js'
import {FolderWatcher} from '../../src/maildir/folder/watcher.js'
import {FlatIndex, type FlatIndexOptions} from '../../src/maildir/index/flat/flat-index.js'
import {MemoryIndex} from '../../src/maildir/index/memory-index.js'
import {type MetadataIndex, NO_INDEX} from '../../src/maildir/index/metadata-index.js'
import {Mailstores} from '../../src/maildir/mailstores.js'
import {NodeFiles} from '../../src/maildir/node-files.js'
import {OpenAccounts} from '../../src/maildir/open-accounts.js'
import type {FolderName, Mailstore, MessageNumber, View} from '../../src/maildir/types.js'
import {UniqueNames} from '../../src/maildir/unique-names.js'

export const INBOX = 'INBOX' as FolderName

/** A directory on tmpfs, whose time stamps are coarse; undefined where there is none. */
export const TMPFS = existsSync('/dev/shm') ? '/dev/shm' : undefined

/** Keeps what was logged. */
export class LogLines implements Log {
  readonly lines: string[] = []
  debug(): void {}
  /** Drops the lines that match. */
  forget(pattern: RegExp): void {
    this.lines.splice(0, this.lines.length, ...this.lines.filter((line) => !pattern.test(line)))
  }
  info(event: string, facts?: LogFacts): void {
    this.#add(event, facts)
  }
  notice(event: string, facts?: LogFacts): void {
    this.#add(event, facts)
  }
  warning(event: string, facts?: LogFacts): void {
    this.#add(event, facts)
  }
  error(event: string, facts?: LogFacts): void {
    this.#add(event, {...facts, reason: String(facts?.error ?? facts?.reason)})
  }
  #add(event: string, facts: LogFacts = {}): void {
    this.lines.push(`${event} ${JSON.stringify(facts, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))}`)
  }
}

/** A cache directory that goes when the process ends. */
function temporaryCache(): string {
  const directory = mkdtempSync(join(tmpdir(), 'courier-cache-'))
  process.on('exit', () => rmSync(directory, {recursive: true, force: true}))
  return directory
}

/** An index in files; each store has its own unless a directory is given. */
export function flatIndex(changes: Partial<FlatIndexOptions> = {}): FlatIndex {
  return new FlatIndex({
    directory: changes.directory ?? temporaryCache(),
    log: new LogLines(),
    nowMs: Date.now,
    pid: process.pid,
    isAlive: () => true,
    startOf: () => undefined,
    fallback: new MemoryIndex(64 * 1024 * 1024),
    limits: {accountBytes: 2 ** 30, totalBytes: 2 ** 30},
    ...changes,
  })
}

/** The index that the runner asks for: `off`, `memory`, or `on` for the one in files. */
export function testIndex(): MetadataIndex {
  if (process.env.COURIER_INDEX === 'off') return NO_INDEX
  return process.env.COURIER_INDEX === 'on' ? flatIndex() : new MemoryIndex(64 * 1024 * 1024)
}

/** What the store needs, with the index as the runner asks for it (`COURIER_INDEX=off`). */
export function storeEnvironment(changes: Partial<StoreEnvironment> = {}): StoreEnvironment {
  const files = changes.files ?? new NodeFiles()
  const nowMs = changes.nowMs ?? Date.now
  return {
    files,
    log: new LogLines(),
    names: new UniqueNames({host: 'test.example', pid: process.pid, nowMicroseconds: () => nowMs() * 1000}),
    nowMs,
    pid: process.pid,
    hostName: 'test.example',
    isAlive: () => true,
    useLocks: true,
    lockDeadlineMs: 20_000,
    keywordsMode: 1,
    trashFolder: 'Trash',
    accounts: new OpenAccounts(),
    index: changes.index ?? testIndex(),
    columns: new ColumnBudget(),
    watcher: new FolderWatcher(files),
    ...changes,
  }
}

/** A Maildir in a temporary directory. */
export class TemporaryMaildir implements Disposable {
  readonly home: string
  readonly path: string

  constructor(below: string = tmpdir()) {
    this.home = mkdtempSync(join(below, 'courier-test-'))
    this.path = join(this.home, 'Maildir')
    makeFolder(this.path)
  }

  /** Puts a file into a folder's `cur` or `new`. */
  put(name: string, content = `Subject: ${name}\n\nHello\n`, folder = ''): void {
    writeFileSync(join(this.path, folder, name), content)
  }

  [Symbol.dispose](): void {
    rmSync(this.home, {recursive: true, force: true})
  }
}

export function makeFolder(path: string): void {
  for (const part of ['', 'tmp', 'new', 'cur']) mkdirSync(join(path, part), {recursive: true, mode: 0o700})
}

/** Opens the Maildir with a store of its own. */
export async function openStore(maildir: TemporaryMaildir, changes: Partial<StoreEnvironment> = {}): Promise<Mailstore> {
  return new Mailstores(storeEnvironment(changes)).open({maildir: maildir.path, quota: undefined})
}

export function allNumbers(view: View): MessageNumber[] {
  return Array.from({length: view.size}, (_, index) => (index + 1) as MessageNumber)
}

/** Appends a message and answers its UID. */
export async function append(
  store: Mailstore,
  name: FolderName,
  text: string,
  options: {readonly flags?: number; readonly keywords?: readonly string[]} = {},
) {
  const delivery = await store.deliver(name, {flags: options.flags ?? 0, keywords: options.keywords ?? [], internalDateMs: undefined})
  try {
    await delivery.write(Buffer.from(text))
  } catch (error) {
    await delivery.abort()
    throw error
  }
  return delivery.finish()
}
