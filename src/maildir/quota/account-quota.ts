/**
 * `maildirsize`: what an account's mail takes, and how much it may be (`spec/maildir.md` §7).
 *
 * Who else touches it: Courier, maildrop, Dovecot, Exim, Postfix; none takes a lock. Every change is one line
 * appended in one write, which the kernel keeps whole; the sum of the lines is the use. Who finds it over the limit,
 * too long or negative measures the account again and replaces the file. A line appended to the file in that moment is
 * lost; the next measuring finds out.
 */
import {errnoOf, Fault} from '../../support/fault.js'
import {fileFault} from '../file-fault.js'
import type {MaildirFiles} from '../files.js'
import type {QuotaState} from '../types.js'
import {isStillTrue, measureAccount} from './measure-account.js'
import {
  fits,
  formatDelta,
  formatLimits,
  hasLimit,
  NO_LIMITS,
  parseLimits,
  parseQuotaFile,
  percentage,
  type QuotaLimits,
  type Usage,
} from './quota-text.js'

/** A file as long as this is measured again, which makes it short. */
const LONGEST_FILE = 5120
/** A measured use that is younger than this counts as it is. */
const TRUSTED_MS = 15 * 60_000
const RACES = 5
const NOTHING: Usage = {bytes: 0, messages: 0}

export interface QuotaContext {
  readonly files: MaildirFiles
  readonly pid: number
  readonly hostName: string
  /** Milliseconds since 1970. */
  readonly nowMs: () => number
  /** See `MeasureOptions`; must be the same for every program that uses the Maildir. */
  readonly countsTrash?: boolean | undefined
}

/** What the file says. */
interface QuotaFile {
  readonly limits: QuotaLimits
  readonly usage: Usage
  readonly lines: number
  readonly mtimeMs: number
  /** The numbers cannot be used before the account was measured. */
  readonly isStale: boolean
  readonly isEmpty: boolean
}

/**
 * The account that a folder belongs to: the directory above, when the folder is marked with `maildirfolder`.
 */
export function accountOf(folder: string, files: MaildirFiles): string {
  let account = folder
  for (let level = 0; level < 10 && files.stat(`${account}/maildirfolder`); level += 1) account += '/..'
  return account
}

/** The quota of one account. `root`: its Maildir. */
export class AccountQuota {
  readonly #root: string
  readonly #context: QuotaContext

  constructor(root: string, context: QuotaContext) {
    this.#root = root
    this.#context = context
  }

  /** There is a file with the account's use. */
  get isKept(): boolean {
    return this.#context.files.stat(this.#path()) !== undefined
  }

  /** Limits and use; undefined when the account has no quota. */
  async state(): Promise<QuotaState | undefined> {
    const file = await this.#checked()
    if (!file) return undefined
    const limitOf = (limit: number) => (limit === 0 ? undefined : limit)
    return {
      bytes: {used: Math.max(file.usage.bytes, 0), limit: limitOf(file.limits.bytes)},
      messages: {used: Math.max(file.usage.messages, 0), limit: limitOf(file.limits.messages)},
    }
  }

  /** How full the account is in percent; 0 without a quota. */
  async percentage(): Promise<number> {
    const file = await this.#checked()
    return file ? percentage(file.limits, file.usage) : 0
  }

  /**
   * Asks whether messages fit; to be called before they are stored. Answers with a function that records them, to be
   * called when they are.
   *
   * `quota`: the limits that the account should have, which replace those in the file when they differ.
   *
   * @throws {Fault} `over-quota`
   */
  async admit(extra: Usage, quota = ''): Promise<() => Promise<void>> {
    const wanted = parseLimits(quota)
    for (let race = 0; race < RACES; race += 1) {
      const file = await this.#withLimits(wanted)
      if (!file) return async () => {}
      const answer = await this.#check(file, extra)
      if (answer === 'fits') return () => this.record(extra)
      if (answer === 'over') throw new Fault('over-quota', `The mail of "${this.#root}" has reached its quota`)
    }
    // Courier: an account that never holds still is let through without recording.
    return async () => {}
  }

  /**
   * Records that messages came without being asked for, or, with negative numbers, that they went. It has happened: that it
   * cannot be recorded is no failure, the numbers are found out at the next measuring.
   */
  async record(delta: Usage): Promise<void> {
    if (delta.bytes === 0 && delta.messages === 0) return
    try {
      await this.#record(delta)
    } catch (error) {
      if (!(fileFault(error, '') instanceof Fault)) throw error
    }
  }

  async #record(delta: Usage): Promise<void> {
    const file = await this.#read()
    if (!file) return
    if (file.isEmpty || (file.isStale && delta.messages < 0)) {
      // What has happened is measured with it. Courier: records removed messages a second time here.
      await this.#measure(file.limits)
      return
    }
    await this.#context.files.append(this.#path(), Buffer.from(formatDelta(delta), 'latin1'))
  }

  /** Measures the account again, when it has a quota. */
  async recalculate(): Promise<void> {
    const file = await this.#read()
    if (file) await this.#measure(file.limits)
  }

  /** Gives the account a quota. Does nothing when the text names no limit. `warn`: see `parseLimits`. */
  async set(quota: string, warn?: (text: string) => void): Promise<void> {
    const limits = parseLimits(quota, warn)
    if (hasLimit(limits)) await this.#measure(limits)
  }

  async #withLimits(wanted: QuotaLimits): Promise<QuotaFile | undefined> {
    const file = await this.#read()
    if (!hasLimit(wanted)) return file
    if (!file) {
      await this.#measure(wanted)
      return this.#read()
    }
    const isSame = file.limits.bytes === wanted.bytes && file.limits.messages === wanted.messages
    return isSame ? file : {...file, limits: wanted, isStale: true}
  }

  /** The file, measured again when that is due. */
  async #checked(): Promise<QuotaFile | undefined> {
    for (let race = 0; race < RACES; race += 1) {
      const file = await this.#read()
      if (!file || (await this.#check(file, NOTHING)) !== 'race') break
    }
    return this.#read()
  }

  async #check(file: QuotaFile, extra: Usage): Promise<'fits' | 'over' | 'race'> {
    if (!file.isStale) {
      if (fits(file.limits, file.usage, extra)) return 'fits'
      if (file.lines === 1 && this.#context.nowMs() - file.mtimeMs < TRUSTED_MS) return 'over'
    }
    const {usage, isTrue} = await this.#measure(file.limits)
    if (!isTrue) return 'race'
    return fits(file.limits, usage, extra) ? 'fits' : 'over'
  }

  async #read(): Promise<QuotaFile | undefined> {
    const file = await this.#open()
    if (!file) return undefined
    try {
      const text = (await file.read(0, LONGEST_FILE)).toString('latin1')
      const isLong = text.length >= LONGEST_FILE
      const content = parseQuotaFile(isLong ? (text.split('\n', 1)[0] ?? '') : text)
      return {
        ...content,
        mtimeMs: Number(file.facts.mtimeNs / 1_000_000n),
        isStale: isLong || content.usage.bytes < 0 || content.usage.messages < 0,
        isEmpty: text.length === 0,
      }
    } finally {
      file.close()
    }
  }

  async #open() {
    // Most accounts have none, and it is asked for each message that is marked as deleted.
    if (!this.isKept) return undefined
    try {
      return await this.#context.files.open(this.#path())
    } catch (error) {
      // Courier: a file that cannot be opened is no quota.
      if (errnoOf(error) === 'EACCES' || errnoOf(error) === 'EPERM') return undefined
      throw fileFault(error, `Cannot read the quota of "${this.#root}"`)
    }
  }

  /** Adds up the account and writes the file anew; `isTrue`: nothing changed meanwhile. */
  async #measure(limits: QuotaLimits = NO_LIMITS): Promise<{usage: Usage; isTrue: boolean}> {
    const {files, countsTrash = false} = this.#context
    try {
      const measured = await measureAccount(this.#root, {files, countsTrash})
      await this.#replace(`${formatLimits(limits)}\n${formatDelta(measured.usage)}`)
      return {usage: measured.usage, isTrue: isStillTrue(measured, files)}
    } catch (error) {
      throw fileFault(error, `Cannot measure "${this.#root}" for its quota`)
    }
  }

  async #replace(text: string): Promise<void> {
    const {files} = this.#context
    const temporary = await this.#createTemporary(Buffer.from(text, 'latin1'))
    try {
      await files.rename(temporary, this.#path())
    } catch (error) {
      await files.unlink(temporary)
      throw error
    }
  }

  async #createTemporary(content: Buffer): Promise<string> {
    const {files, pid, hostName, nowMs} = this.#context
    const host = hostName.replaceAll('/', '\\057').slice(0, 100)
    for (let number = 0; ; number += 1) {
      const name = `${Math.floor(nowMs() / 1000) + number}.${pid}_NeWmAiLdIrSiZe.${host}`
      const temporary = `${this.#root}/tmp/${name}`
      try {
        await files.create(temporary, content, {mode: 0o644, sync: true})
        return temporary
      } catch (error) {
        // Another session of this process in the same second.
        if (errnoOf(error) !== 'EEXIST' || number > 100) throw error
      }
    }
  }

  #path(): string {
    return `${this.#root}/maildirsize`
  }
}
