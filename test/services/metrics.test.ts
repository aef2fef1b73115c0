import {connect} from 'node:net'
import * as assert from 'uvu/assert'
import type {RoleState} from '../../src/services/control/inspectable.js'
import {MetricsServer} from '../../src/services/metrics/metrics-server.js'
import {metricsText} from '../../src/services/metrics/metrics-text.js'
import {openMetrics} from '../../src/services/metrics/open-metrics.js'
import {freePorts} from '../support/server-process.js'
import {LogLines} from '../support/store.js'
import {suite} from '../support/suite.js'

const metrics = suite('Metrics')

const ROLE: RoleState = {
  role: 'mail "x"\\\n',
  pid: 7,
  beganMs: 1_500,
  sessions: {IMAP: 2},
  logins: {IMAP: 5, POP3: 1},
  failures: {},
  received: 10,
  sent: 20,
  loopDelay: {p50: 0, p99: 2.5, max: 40},
  memory: {residentBytes: 100, heapBytes: 50},
  index: {hits: 900, misses: 100, droppedFolders: 3},
  lostLogLines: 0,
  errors: [],
}

metrics("Prometheus's format: each family once, values with their labels, labels escaped", () => {
  const text = metricsText('1.2.3', [ROLE, {...ROLE, role: 'front', pid: 8}])
  const lines = text.split('\n')
  assert.is(lines.pop(), '')
  for (const line of lines) assert.match(line, /^(# (HELP|TYPE) courier_\w+ .+|courier_\w+(\{(\w+="(\\.|[^"\\])*",?)+\})? -?[\d.e+-]+)$/)
  const families = lines.filter((line) => line.startsWith('# TYPE ')).map((line) => line.split(' ')[2])
  assert.is(new Set(families).size, families.length)
  for (const line of [
    'courier_info{version="1.2.3"} 1',
    'courier_sessions{role="front",pid="8",protocol="imap"} 2',
    'courier_logins_total{role="mail \\"x\\"\\\\\\n",pid="7",protocol="pop3"} 1',
    'courier_event_loop_delay_seconds{role="front",pid="8",quantile="0.99"} 0.0025',
    'courier_start_time_seconds{role="front",pid="8"} 1.5',
    'courier_index_hits_total{role="front",pid="8"} 900',
    'courier_index_misses_total{role="front",pid="8"} 100',
    'courier_index_dropped_folders_total{role="front",pid="8"} 3',
  ])
    assert.ok(lines.includes(line), `${line} in\n${text}`)
})

metrics('served at /metrics and nowhere else', async () => {
  const [port = 0] = await freePorts(1)
  let asked = 0
  const server = new MetricsServer({
    endpoints: [{address: '127.0.0.1', port}],
    log: new LogLines(),
    text: async () => {
      asked += 1
      if (asked > 1) throw new Error('broken')
      return 'courier_info 1\n'
    },
  })
  await server.open()
  try {
    const ask = (path: string, init: RequestInit = {}) =>
      fetch(`http://127.0.0.1:${port}${path}`, {...init, headers: {connection: 'close'}})
    const good = await ask('/metrics')
    assert.is(good.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
    assert.is(await good.text(), 'courier_info 1\n')
    assert.is((await ask('/')).status, 404)
    assert.is((await ask('/metrics', {method: 'POST', body: 'x'})).status, 405)
    assert.is((await ask('/metrics')).status, 500)
  } finally {
    server.stop()
  }
})

metrics('a port that is taken is told, and the server goes on', async () => {
  const [port = 0] = await freePorts(1)
  const options = {endpoints: [{address: '127.0.0.1', port}], version: '1', inspect: {states: async () => [ROLE]} as never}
  const first = await openMetrics({...options, log: new LogLines()})
  const log = new LogLines()
  assert.is(await openMetrics({...options, log}), undefined)
  assert.match(log.lines.join('\n'), new RegExp(`metrics.not-listening .*METRICS_ADDRESS: Port ${port} is in use`))
  first?.stop()
  assert.is(await openMetrics({...options, endpoints: [], log}), undefined)
})

metrics('what is no HTTP is let go', async () => {
  const [port = 0] = await freePorts(1)
  const server = await openMetrics({
    endpoints: [{address: '127.0.0.1', port}],
    version: '1',
    inspect: {states: async () => [ROLE]} as never,
    log: new LogLines(),
  })
  const socket = connect(port, '127.0.0.1')
  socket.end('nonsense\r\n\r\n')
  let said = ''
  for await (const chunk of socket) said += String(chunk)
  assert.match(said, /^HTTP\/1\.1 400 /)
  server?.stop()
})

metrics.run()
