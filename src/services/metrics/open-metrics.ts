import {type Endpoint, endpointText} from '../../config/port-list.js'
import type {Log} from '../../log/log.js'
import {Fault} from '../../support/fault.js'
import type {Inspectable} from '../control/inspectable.js'
import {MetricsServer} from './metrics-server.js'
import {metricsText} from './metrics-text.js'

export interface OpenMetricsOptions {
  readonly endpoints: readonly Endpoint[]
  readonly inspect: Inspectable
  readonly version: string
  readonly log: Log
}

/** What METRICS_ADDRESS asks for. A server that cannot open it says so and goes on. */
export async function openMetrics({endpoints, inspect, version, log}: OpenMetricsOptions): Promise<MetricsServer | undefined> {
  if (endpoints.length === 0) return undefined
  const metrics = new MetricsServer({endpoints, text: async () => metricsText(version, await inspect.states()), log})
  try {
    await metrics.open()
    log.info('metrics.listening', {address: endpoints.map(endpointText).join(',')})
    return metrics
  } catch (error) {
    metrics.stop()
    if (!(error instanceof Fault)) throw error
    log.warning('metrics.not-listening', {reason: `METRICS_ADDRESS: ${error.message}`})
    return undefined
  }
}
