import {type ChildProcess, fork} from 'node:child_process'
import {fileURLToPath} from 'node:url'
import {Fault} from '../../support/fault.js'
import {FairQueue} from '../hash/fair-queue.js'
import type {SystemAnswers, SystemQuestion, SystemReply} from './system-process.js'

export interface SystemProcessesOptions {
  /** Most processes at the same time; each answers one question at a time. */
  readonly limit: number
  /** Longest time for an answer. */
  readonly timeoutMs: number
}

const LIMITS = {items: 20_000, itemsOfSource: 10_000}
/** A process that nobody asked for so long ends. */
const IDLE_MS = 300_000
const CLOSE_MS = 2000

interface Waiting {
  readonly question: SystemQuestion
  /** The client's address. */
  readonly remote: string
  /** A process has died over it. */
  hasFailed: boolean
  readonly resolve: (answer: SystemAnswers[keyof SystemAnswers]) => void
  readonly reject: (fault: Fault) => void
}

interface Helper {
  readonly child: ChildProcess
  job: Waiting | undefined
  timer: NodeJS.Timeout | undefined
}

/**
 * Processes that ask the system about accounts and PAM (`design.md` §4). They start when they are needed; clients' addresses
 * take turns; one that hangs fails its question only, and so
 * does one that dies over the same question twice.
 */
export class SystemProcesses {
  readonly #options: SystemProcessesOptions
  readonly #queue = new FairQueue<Waiting>(LIMITS)
  readonly #helpers = new Set<Helper>()
  #closed = false
  /** The rights to start others are gone: these stay. */
  #isLast = false

  constructor(options: SystemProcessesOptions) {
    this.#options = options
  }

  /**
   * `remote`: the client's address, empty for none.
   *
   * @throws {Fault} `unavailable` when the system does not answer
   */
  ask<Question extends SystemQuestion>(question: Question, remote: string): Promise<SystemAnswers[Question['kind']]> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {question, remote, hasFailed: false, resolve: resolve as Waiting['resolve'], reject}
      if (this.#closed) return reject(new Fault('unavailable', 'System accounts are no longer looked up'))
      if (!this.#queue.push(remote, waiting))
        return reject(new Fault('unavailable', 'Too many questions about system accounts are waiting'))
      this.#advance()
    })
  }

  /**
   * Starts all processes, for good: the caller is about to give up its rights, and theirs remain. Without rights to keep,
   * processes that end are missed but not replaced.
   */
  async warmUp(): Promise<void> {
    for (let helper = this.#start(); helper; helper = this.#start()) {}
    // Answered when the process has loaded its program.
    const questions = [...this.#helpers].map(() => this.ask({kind: 'ids', user: undefined, group: undefined}, ''))
    await Promise.allSettled(questions)
    this.#isLast = true
    for (const {timer} of this.#helpers) clearTimeout(timer)
  }

  async close(): Promise<void> {
    this.#closed = true
    const fault = () => new Fault('unavailable', 'System accounts are no longer looked up')
    for (let waiting = this.#queue.take(); waiting; waiting = this.#queue.take()) waiting.reject(fault())
    // Without the reference a program with nothing else to do would end here, in the middle of it.
    const ends = [...this.#helpers].map(({child}) => new Promise((resolve) => child.once('exit', resolve).ref()))
    // Processes of another user end when they see the end of the channel: not before PAM lets them.
    const limit = new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref())
    for (const helper of [...this.#helpers]) this.#lose(helper, 'is closed')
    await Promise.race([Promise.all(ends), limit])
  }

  #advance(): void {
    while (this.#queue.size > 0) {
      const helper = [...this.#helpers].find(({job}) => job === undefined) ?? this.#start()
      if (!helper && this.#helpers.size > 0) return
      const job = this.#queue.take()
      if (job && helper) this.#run(helper, job)
      else job?.reject(new Fault('unavailable', 'The processes for system accounts have ended: start the server again'))
    }
  }

  #start(): Helper | undefined {
    if (this.#isLast || this.#helpers.size >= this.#options.limit) return undefined
    const {PATH = '/usr/sbin:/usr/bin:/sbin:/bin', TZ} = process.env
    const child = fork(fileURLToPath(new URL('./system-process.js', import.meta.url)), [], {
      env: {PATH, ...(TZ ? {TZ} : {})},
      execArgv: [],
      cwd: '/',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    const helper: Helper = {child, job: undefined, timer: undefined}
    this.#helpers.add(helper)
    child.on('message', (reply: SystemReply) => this.#finish(helper, reply))
    child.on('error', (error) => this.#lose(helper, error.message))
    child.on('exit', (code, signal) => this.#died(helper, `ended with ${signal ?? code}`))
    child.unref()
    return helper
  }

  #run(helper: Helper, job: Waiting): void {
    const {timeoutMs} = this.#options
    clearTimeout(helper.timer)
    helper.job = job
    helper.timer = setTimeout(() => this.#lose(helper, `did not answer within ${timeoutMs / 1000} s`), timeoutMs)
    helper.child.channel?.ref()
    helper.child.send(job.question, (error) => {
      if (error) this.#lose(helper, error.message)
    })
  }

  #finish(helper: Helper, reply: SystemReply): void {
    const {job} = helper
    helper.job = undefined
    clearTimeout(helper.timer)
    helper.child.channel?.unref()
    if (!this.#isLast) helper.timer = setTimeout(() => this.#lose(helper, 'was idle'), IDLE_MS).unref()
    if ('answer' in reply) job?.resolve(reply.answer)
    else job?.reject(new Fault('unavailable', reply.problem))
    this.#advance()
  }

  /** What it was asked is asked once more: the process may have been ended for another reason. */
  #died(helper: Helper, reason: string): void {
    const {job} = helper
    if (this.#helpers.has(helper) && job && !job.hasFailed && !this.#closed) {
      job.hasFailed = true
      if (this.#queue.push(job.remote, job)) helper.job = undefined
    }
    this.#lose(helper, reason)
  }

  #lose(helper: Helper, reason: string): void {
    if (!this.#helpers.delete(helper)) return
    clearTimeout(helper.timer)
    helper.child.channel?.unref()
    if (helper.child.connected) helper.child.disconnect()
    helper.child.kill('SIGKILL')
    helper.job?.reject(new Fault('unavailable', `The process for system accounts ${reason}`))
    this.#advance()
  }
}
