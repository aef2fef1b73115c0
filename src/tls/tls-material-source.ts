/**
 * Keeps the material of one port up to date: what is replaced on disk counts at the next handshake, as with Courier, which opens
 * the files for every connection.
 *
 * Directories are watched, so that a change is noticed at once; and looked at in an interval, because watching may be impossible
 * or silent. Files that have become unusable change nothing: key and certificate may be replaced one after the other, in either
 * order. When they stay unusable it is told once.
 */
import {type FSWatcher, watch} from 'node:fs'
import {Fault} from '../support/fault.js'
import {linkDirectories} from './link-directories.js'
import {comparableSuffix, type LoadedMaterial, MaterialLoader, type TlsFiles} from './load-material.js'
import type {TlsMaterial, TlsParameters} from './tls-material.js'

export interface TlsMaterialSourceOptions {
  readonly files: TlsFiles
  readonly parameters: TlsParameters
  /** Keys for session tickets, as `TlsMaterial` has them; asked at every look: others count from then on. */
  readonly ticketKeys: () => string
  /** Told when files cannot be used, some time after they were changed; the old ones stay. */
  readonly onProblem: (reason: string) => void
  /** How long files may be unusable before it is told. */
  readonly patienceMs?: number
}

/** How often the files are looked at when each of their directories is watched, and when not. */
const LOOK_WATCHED_MS = 5_000
const LOOK_MS = 1_000
/** With many files not that often: so many in a second. */
const FILES_PER_SECOND = 200
/** Between two looks when changes go on. */
const PAUSE_MS = 20
const MAX_WATCHES = 64
const PATIENCE_MS = 2_000

export class TlsMaterialSource {
  readonly #options: TlsMaterialSourceOptions
  readonly #loader: MaterialLoader
  readonly #watchers = new Map<string, FSWatcher>()
  readonly #listeners = new Set<(material: TlsMaterial) => void>()
  /** Problems that are told, or will be. */
  #told = new Set<string>()
  #telling: NodeJS.Timeout | undefined
  #material: TlsMaterial | undefined
  #looking: Promise<void> | undefined
  /** Something has changed since the look that is going on has begun. */
  #again = false
  #next: NodeJS.Timeout | undefined
  #closed = false
  #watchingAll = false
  #problems: readonly string[] = []
  #warnings: readonly string[] = []
  #outdated: string | undefined
  #paths: readonly string[] = []

  private constructor(options: TlsMaterialSourceOptions) {
    this.#options = options
    this.#loader = new MaterialLoader(options.files)
  }

  /** @throws {Fault} `bad-configuration` when there is no certificate, or no authority for clients that must have one */
  static async open(options: TlsMaterialSourceOptions): Promise<TlsMaterialSource> {
    const source = new TlsMaterialSource(options)
    const loaded = await source.#loader.load()
    const {certificates, trust, problems} = loaded
    if (certificates.length === 0) throw new Fault('bad-configuration', problems[0] ?? 'There is no certificate')
    if (options.parameters.verifyPeer === 'require-peer' && trust === undefined)
      throw new Fault('bad-configuration', problems.find((text) => text.startsWith('TLS_TRUSTCERTS')) ?? 'TLS_TRUSTCERTS is not set')
    source.#use(loaded)
    source.#problems = problems
    source.#told = new Set(problems)
    await source.#watch(loaded.paths)
    source.#schedule()
    return source
  }

  get material(): TlsMaterial {
    if (!this.#material) throw new Error('The material is not loaded')
    return this.#material
  }

  /** For the log: files that are not used, and what should be looked after. */
  get warnings(): readonly string[] {
    return [...this.#problems, ...this.#warnings]
  }

  /** The certificate in use is an older one than its file, because of this problem: a start would fail. */
  get outdated(): string | undefined {
    return this.#outdated
  }

  /** Calls back when the material has changed. */
  onChange(listener: (material: TlsMaterial) => void): void {
    this.#listeners.add(listener)
  }

  /** Resolves when the look that is going on is over. Never rejects. */
  settled(): Promise<void> | undefined {
    return this.#looking
  }

  /** Looks at the files now. Never rejects. */
  look(): Promise<void> {
    if (this.#looking !== undefined) this.#again = true
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
      this.#schedule()
    })
    return this.#looking
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#next)
    clearTimeout(this.#telling)
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
    this.#listeners.clear()
  }

  async #look(): Promise<void> {
    this.#again = false
    const loaded = await this.#loader.load()
    if (this.#closed) return
    this.#outdated = loaded.outdated
    this.#problems = loaded.problems
    if (loaded.changed || this.#options.ticketKeys() !== this.material.ticketKeys) {
      this.#use(loaded)
      for (const listener of this.#listeners) listener(this.material)
    }
    this.#tell(loaded.problems)
    await this.#watch(loaded.paths)
  }

  #use({certificates, trust, dhParameters, warnings}: LoadedMaterial): void {
    const {parameters, ticketKeys} = this.#options
    this.#warnings = warnings
    this.#material = {
      parameters,
      certificates: certificates.map((each) => ({...each, suffix: comparableSuffix(each.suffix)})),
      trust,
      dhParameters,
      ticketKeys: ticketKeys(),
    }
  }

  /** A file may be broken for the moment that its replacement takes. */
  #tell(problems: readonly string[]): void {
    this.#told = new Set([...this.#told].filter((text) => problems.includes(text)))
    clearTimeout(this.#telling)
    const fresh = problems.filter((text) => !this.#told.has(text))
    if (fresh.length === 0) return
    this.#telling = setTimeout(() => {
      for (const text of fresh) {
        this.#told.add(text)
        this.#options.onProblem(text)
      }
    }, this.#options.patienceMs ?? PATIENCE_MS)
    this.#telling.unref()
  }

  /** Watches what the paths lead through now. */
  async #watch(paths: readonly string[]): Promise<void> {
    this.#paths = paths
    const wanted = new Set<string>()
    for (const path of paths) {
      for (const directory of await linkDirectories(path)) wanted.add(directory)
    }
    if (this.#closed) return
    for (const [directory, watcher] of this.#watchers) {
      if (wanted.has(directory)) continue
      watcher.close()
      this.#watchers.delete(directory)
    }
    for (const directory of wanted) {
      if (this.#watchers.size >= MAX_WATCHES) break
      if (!this.#watchers.has(directory)) this.#watchDirectory(directory)
    }
    this.#watchingAll = [...wanted].every((directory) => this.#watchers.has(directory))
  }

  #watchDirectory(directory: string): void {
    try {
      const watcher = watch(directory, {persistent: false}, () => void this.look())
      watcher.on('error', () => {
        watcher.close()
        this.#watchers.delete(directory)
        this.#watchingAll = false
      })
      this.#watchers.set(directory, watcher)
    } catch {
      // Out of watches, or no such directory: it is looked at in the interval.
    }
  }

  #schedule(): void {
    if (this.#closed) return
    clearTimeout(this.#next)
    const atLeastMs = (this.#paths.length / FILES_PER_SECOND) * 1_000
    const waitMs = this.#again ? PAUSE_MS : this.#watchingAll ? LOOK_WATCHED_MS : LOOK_MS
    this.#next = setTimeout(() => void this.look(), Math.max(waitMs, this.#again ? 0 : atLeastMs))
    this.#next.unref()
  }
}
