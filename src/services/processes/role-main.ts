/**
 * The program of every process but the supervisor's: `role-main.js ROLE TITLE [UID GID USER]`.
 *
 * Gives root up, if it was started with it for its groups, before anything else is loaded; ends when the supervisor does.
 */
import process from 'node:process'

/** A role while it runs. */
export interface RunningRole {
  /** Ends in order, within about `limitMs`. */
  stop(limitMs: number): Promise<void>
}

/** For an orderly end when the supervisor is gone; and for the whole process then. */
const LAST_MS = 300
const END_MS = 700

const [role = '', title = 'courier', uid, gid, user] = process.argv.slice(2)
process.title = title

if (uid !== undefined && gid !== undefined && user !== undefined) {
  // Not in the types of this module, although documented.
  const {initgroups} = process as unknown as {initgroups?: (user: string, group: number) => void}
  initgroups?.(user, Number(gid))
  process.setgid?.(Number(gid))
  process.setuid?.(Number(uid))
  if (process.getuid?.() !== Number(uid) || process.geteuid?.() !== Number(uid)) throw new Error(`Cannot become ${user}`)
}

// A terminal sends them to all processes, a service manager may: the supervisor acts on them and says what to do.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)

let running: RunningRole | undefined
process.on('disconnect', () => {
  setTimeout(() => process.exit(0), END_MS)
  void Promise.resolve(running?.stop(LAST_MS)).finally(() => process.exit(0))
})

if (role === 'front') running = (await import('./front-main.js')).runFront()
else if (role === 'auth') running = (await import('./auth-main.js')).runAuth()
else if (role === 'mail') running = (await import('./mail-main.js')).runMail()
else throw new Error(`There is no role "${role}"`)
;new (await import('../memory-return.js')).MemoryReturn()
