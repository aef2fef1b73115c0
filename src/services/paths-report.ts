/** `courier paths`: where the server writes, for containers whose root is read-only. */
import {homedir} from 'node:os'
import {dirname} from 'node:path'
import {AUTHDAEMONRC} from '../config/authdaemonrc-options.js'
import {authDirectory, configDirectory} from '../config/config-directory.js'
import {IMAPD} from '../config/imapd-options.js'
import {IMAPD_SSL} from '../config/imapd-ssl-options.js'
import {defaultPlaces, rolesDirectory} from '../config/places.js'
import {readAuthConfiguration} from '../config/read-auth-configuration.js'
import {readConfiguration} from '../config/read-configuration.js'
import {publicSocketSettings} from './auth-settings.js'
import {isRoot} from './unprivileged-user.js'

export interface WritablePath {
  readonly path: string
  /** What is written there. */
  readonly holds: string
}

/** Directories besides the Maildirs. They are those of this configuration. Does not throw for what is in the files. */
export async function writablePaths(config: string | undefined, env: NodeJS.ProcessEnv): Promise<readonly WritablePath[]> {
  const {imap, imaps} = await readConfiguration(configDirectory(config, env))
  const accounts = authDirectory(config, env)
  const auth = await readAuthConfiguration(accounts)
  const places = defaultPlaces({root: isRoot(), home: homedir(), env})
  const paths: WritablePath[] = [
    {path: places.run, holds: 'socket for "courier status" and its like'},
    // The server does without the others, and says so.
    ...(isRoot() ? [{path: rolesDirectory(places.run), holds: 'sockets of a server of several processes'}] : []),
    {path: places.state, holds: 'app passwords, bans, last logins'},
    {path: places.cache, holds: 'index of messages, which may be deleted'},
  ]
  const socket = publicSocketSettings(auth)
  if (socket.listen) paths.push({path: socket.directory, holds: 'socket of the authentication daemon, for other programs'})
  for (const file of [imap.get(IMAPD.PIDFILE), imaps.get(IMAPD_SSL.SSLPIDFILE)]) {
    if (file) paths.push({path: dirname(file), holds: 'pid files of "imapd start" and "imapd-ssl start"'})
  }
  if (auth.settings.get(AUTHDAEMONRC.authmodulelist).includes('authuserdb'))
    paths.push({path: accounts, holds: 'userdb, when users change their passwords or REHASH is set'})
  return [...new Map(paths.map((each) => [each.path, {...each, holds: holdingOf(each.path, paths)}])).values()]
}

/** All that one directory holds. */
function holdingOf(path: string, paths: readonly WritablePath[]): string {
  return [...new Set(paths.filter((each) => each.path === path).map(({holds}) => holds))].join('; ')
}
