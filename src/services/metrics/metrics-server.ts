/** `GET /metrics` for Prometheus, on the addresses in METRICS_ADDRESS. There is no login: whoever can connect can read. */
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http'
import type {Endpoint} from '../../config/port-list.js'
import type {Log} from '../../log/log.js'
import {bindFault} from '../../net/bind-fault.js'
import {listenOn, type ServerHandle} from '../../net/server-handle.js'

export interface MetricsServerOptions {
  readonly endpoints: readonly Endpoint[]
  /** The ports, bound by another process; undefined: they are bound here. */
  readonly bound?: readonly ServerHandle[] | undefined
  /** What there is to say now. */
  readonly text: () => Promise<string>
  readonly log: Log
}

const MAX_CONNECTIONS = 20
const REQUEST_MS = 5_000

function listen(server: Server, endpoint: Endpoint): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(bindFault(error, endpoint)))
    server.listen({host: endpoint.address ?? '127.0.0.1', port: endpoint.port}, () => resolve(void server.removeAllListeners('error')))
  })
}

export class MetricsServer {
  readonly #options: MetricsServerOptions
  readonly #servers: Server[] = []

  constructor(options: MetricsServerOptions) {
    this.#options = options
  }

  /** @throws {Fault} `bad-configuration` */
  async open(): Promise<void> {
    const {endpoints, bound} = this.#options
    if (bound) for (const handle of bound) await listenOn(this.#server(), handle)
    else for (const endpoint of endpoints) await listen(this.#server(), endpoint)
    for (const server of this.#servers) server.on('error', (error) => this.#options.log.error('metrics.failed', {error}))
  }

  #server(): Server {
    const server = createServer({requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, maxHeaderSize: 8192}, (request, response) => {
      void this.#answer(request, response)
    })
    server.maxConnections = MAX_CONNECTIONS
    this.#servers.push(server)
    return server
  }

  /** Never rejects. */
  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const plain = {'content-type': 'text/plain; charset=utf-8'}
    request.resume()
    try {
      if (request.url?.split('?')[0] !== '/metrics') response.writeHead(404, plain).end('There is /metrics only\n')
      else if (request.method !== 'GET' && request.method !== 'HEAD') response.writeHead(405, plain).end('GET only\n')
      else {
        const text = await this.#options.text()
        response.writeHead(200, {'content-type': 'text/plain; version=0.0.4; charset=utf-8'}).end(text)
      }
    } catch (error) {
      this.#options.log.error('metrics.failed', {error})
      response.writeHead(500, plain).end('See the log\n')
    }
  }

  stop(): void {
    for (const server of this.#servers) {
      server.close()
      server.closeAllConnections()
    }
  }
}
