import {type Endpoint, endpointText} from '../../config/port-list.js'
import type {LiveConfiguration} from '../live-configuration.js'
import type {ControlledServer} from './request.js'

export interface ControlledServerOptions extends Pick<ControlledServer, 'version' | 'inspect' | 'watch' | 'reload' | 'restart'> {
  readonly configuration: LiveConfiguration
  /** The ports of a service. */
  readonly endpoints: (service: string) => readonly Endpoint[]
}

/** What `courier who` and its like may ask of the server of this process, and do to it. */
export function controlledServer({configuration, endpoints, ...rest}: ControlledServerOptions): ControlledServer {
  return {
    ...rest,
    pid: process.pid,
    services: () =>
      configuration.now.services.map(({name, network}) => ({
        name,
        endpoints: endpoints(name).map(endpointText),
        maxConnections: network.limits.total,
        maxPerAddress: network.limits.perAddress,
      })),
    stop: () => process.kill(process.pid, 'SIGTERM'),
  }
}
