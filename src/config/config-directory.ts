import {existsSync} from 'node:fs'
import {join, resolve} from 'node:path'

/** Where packages put the servers' files (`spec/server-config-tls.md` §8.3), in order of preference. */
const SERVER_DIRECTORIES = ['/etc/courier', '/etc/courier-imap', '/usr/lib/courier-imap/etc']
/** Where packages put `authdaemonrc` and `userdb`. */
const AUTH_DIRECTORIES = ['/etc/courier', '/etc/authlib']

function firstWith(directories: readonly string[], names: readonly string[]): string {
  const known = directories.find((directory) => names.some((name) => existsSync(join(directory, name))))
  return known ?? directories.find((directory) => existsSync(directory)) ?? '/etc/courier'
}

function chosen(flag: string | undefined, env: NodeJS.ProcessEnv): string | undefined {
  const given = flag || env.COURIER_CONFIG
  return given ? resolve(given) : undefined
}

/**
 * Directory with `imapd`, `imapd-ssl`, `pop3d`, …: `--config`, else `$COURIER_CONFIG`, else where packages put it.
 *
 * The directory may not exist; who reads a file there says so.
 */
export function configDirectory(flag: string | undefined, env: NodeJS.ProcessEnv): string {
  return chosen(flag, env) ?? firstWith(SERVER_DIRECTORIES, ['imapd', 'pop3d'])
}

/**
 * Directory with `authdaemonrc`, `userdb`, …: the one of the servers when it was chosen by `--config` or
 * `$COURIER_CONFIG`, else where packages put it.
 */
export function authDirectory(flag: string | undefined, env: NodeJS.ProcessEnv): string {
  return chosen(flag, env) ?? firstWith(AUTH_DIRECTORIES, ['authdaemonrc', 'userdb', 'userdb.dat'])
}
