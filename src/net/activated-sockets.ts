/** Sockets that systemd has opened for us: sd_listen_fds(3). */

/** One of them. */
export interface ActivatedSocket {
  readonly fd: number
  /** `FileDescriptorName=`, else the name of the socket unit; undefined when it is not told. */
  readonly name: string | undefined
}

const FIRST_FD = 3
const MAX_SOCKETS = 64

/**
 * The sockets that were handed to the process `pid`, and takes the variables out of the environment, so that no child believes that
 * they are its own.
 */
export function takeActivatedSockets(env: NodeJS.ProcessEnv, pid: number): ActivatedSocket[] {
  const {LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES} = env
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name]
  if (LISTEN_PID !== String(pid) || !/^\d{1,3}$/.test(LISTEN_FDS ?? '')) return []
  const names = (LISTEN_FDNAMES ?? '').split(':')
  return Array.from({length: Math.min(Number(LISTEN_FDS), MAX_SOCKETS)}, (_, i) => {
    const name = names[i]
    return {fd: FIRST_FD + i, name: name === undefined || name === '' || name === 'unknown' ? undefined : name}
  })
}

/** Names that a service has in socket units. */
const NAMES: Readonly<Record<string, string>> = {
  imap: 'imap',
  imapd: 'imap',
  'courier-imap': 'imap',
  imaps: 'imaps',
  'imapd-ssl': 'imaps',
  'courier-imap-ssl': 'imaps',
  pop3: 'pop3',
  pop3d: 'pop3',
  'courier-pop': 'pop3',
  pop3s: 'pop3s',
  'pop3d-ssl': 'pop3s',
  'courier-pop-ssl': 'pop3s',
}

/** The service that a name stands for; undefined: none, its port decides. */
export function serviceOfSocket(name: string | undefined): string | undefined {
  return NAMES[(name ?? '').toLowerCase().replace(/\.socket$/, '')]
}
