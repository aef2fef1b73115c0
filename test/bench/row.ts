/** What a row of the benchmark is, and what rows are made of. */
import {BenchClient} from './client.js'
import {type Server, type ServerName, userOf} from './servers/server.js'

export interface RowContext {
  readonly server: Server
  /** Messages in the INBOX of `main`. */
  readonly messages: number
  /** Gives a path to the owner of the mail. */
  readonly own: (path: string) => void
  /** Scales rows of very many sessions or accounts: 1 is the whole size. */
  readonly scale: number
  /** For temporary files. */
  readonly directory: string
}

/** Figures that a row measures itself, by name. */
export type Figures = Readonly<Record<string, number>>

/** What a figure of a row should be. */
export interface Target {
  readonly atMost?: number
  readonly atLeast?: number
}

export interface Row {
  readonly title: string
  /** Accounts whose mail it needs; `idle` stands for all of those. */
  readonly mail: readonly string[]
  /** The account whose index is thrown away before each run. */
  readonly cold?: string
  /** Only measured when asked for: it takes long. */
  readonly isLong?: boolean
  /** Servers that it is for; all by default. */
  readonly servers?: readonly ServerName[]
  /** A run is short and can be done again at once: it is repeated until it lasts, and stands for one. */
  readonly repeats?: boolean
  /** Many sessions at once: servers may use all processors. */
  readonly spreads?: boolean
  /** What the server does after the last reply is waited for: it changes something. */
  readonly settles?: boolean
  /** Counted runs, instead of as many as are asked for; 0 of those not counted come first. */
  readonly rounds?: number
  /** Wall and CPU time say nothing; only its figures count. */
  readonly figuresOnly?: boolean
  /** What its figures should be, by their names. */
  readonly targets?: Readonly<Record<string, Target>>
  /** Not measured. Answers what `run` works with. */
  prepare?(context: RowContext): Promise<BenchClient[]>
  run(context: RowContext, clients: readonly BenchClient[]): Promise<Figures | undefined> | Promise<void>
}

/** A session of an account. */
export function login({server}: Pick<RowContext, 'server'>, account: string): Promise<BenchClient> {
  return BenchClient.login(server.port, userOf(account))
}

/** A session with its INBOX open. */
export async function selected(context: Pick<RowContext, 'server'>, account: string): Promise<BenchClient> {
  const client = await login(context, account)
  await client.ok('SELECT INBOX')
  return client
}

/** Sessions that idle in the INBOX of an account. */
export async function idling(context: Pick<RowContext, 'server'>, account: string, count: number): Promise<BenchClient[]> {
  const clients: BenchClient[] = []
  for (let number = 0; number < count; number += 1) {
    const client = await selected(context, account)
    await client.idle()
    clients.push(client)
  }
  return clients
}

/** A row of commands on the selected INBOX of `main`. */
export function commands(title: string, list: readonly string[], options: Partial<Row> = {}): Row {
  const account = options.mail?.[0] ?? 'main'
  return {
    title,
    mail: [account],
    repeats: true,
    ...options,
    prepare: async (context) => [await selected(context, account)],
    run: async (_, [client]) => {
      for (const command of list) await client?.ok(command)
    },
  }
}

/** The same, first without an index and then with it. Courier has none. */
export function coldAndWarm(title: string, list: readonly string[], options: Partial<Row> = {}): Row[] {
  const account = options.mail?.[0] ?? 'main'
  return [
    commands(`${title}, cold`, list, {...options, cold: account, repeats: false, settles: true, servers: ['ours', 'dovecot']}),
    commands(title, list, options),
  ]
}

/** Runs as many tasks at once. */
export async function parallel(count: number, task: (worker: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({length: count}, (_, worker) => task(worker)))
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** The value below which this part of the values lies. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

export const median = (values: readonly number[]) => percentile(values, 0.5)
