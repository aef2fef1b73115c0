/** What `authdaemonrc` says to those who authenticate. */
import {homedir} from 'node:os'
import {join} from 'node:path'
import {daemonSocketIn} from '../auth/daemon/socket-path.js'
import {AUTHDAEMONRC} from '../config/authdaemonrc-options.js'
import {defaultPlaces} from '../config/places.js'
import type {AuthConfiguration} from '../config/read-auth-configuration.js'
import type {AuthSettings} from './start-auth.js'
import {isRoot} from './unprivileged-user.js'

/** The socket for other programs. */
export interface PublicSocketSettings {
  /** `authdaemonvar` */
  readonly directory: string
  readonly listen: boolean
}

/** The settings of the account sources; a foreign authdaemond may stand for all of them. */
export function authSettings(
  {directory, settings}: AuthConfiguration,
  service: Pick<AuthSettings, 'defaultMaildir' | 'defaultDomain'>,
): AuthSettings {
  const foreign = settings.get(AUTHDAEMONRC.AUTHDAEMON_SOCKET)
  return {
    directory,
    modules: foreign === undefined ? settings.get(AUTHDAEMONRC.authmodulelist) : ['authdaemon'],
    // The foreign one has merged its own.
    defaultOptions: foreign === undefined ? settings.get(AUTHDAEMONRC.DEFAULTOPTIONS) : '',
    daemons: settings.get(AUTHDAEMONRC.daemons),
    environment: settings.environment(),
    rehash: settings.get(AUTHDAEMONRC.REHASH),
    daemonSocket: foreign ?? daemonSocketIn(socketDirectory({directory, settings, problems: [], notes: []})),
    ...service,
  }
}

/** A server whose accounts are a foreign daemon's leaves other programs to that one: it would ask itself. */
export function publicSocketSettings(configuration: AuthConfiguration): PublicSocketSettings {
  const {settings} = configuration
  const asksDaemon =
    settings.get(AUTHDAEMONRC.AUTHDAEMON_SOCKET) !== undefined || settings.get(AUTHDAEMONRC.authmodulelist).includes('authdaemon')
  return {directory: socketDirectory(configuration), listen: settings.get(AUTHDAEMONRC.AUTHDAEMON_LISTEN) && !asksDaemon}
}

function socketDirectory({settings}: AuthConfiguration): string {
  const places = () => defaultPlaces({root: isRoot(), home: homedir(), env: process.env})
  return settings.get(AUTHDAEMONRC.authdaemonvar) || join(places().run, 'authdaemon')
}
