/** The state of the server in Prometheus's text format (version 0.0.4). */
import type {RoleState} from '../control/inspectable.js'

type Labels = Readonly<Record<string, string>>
type Sample = readonly [labels: Labels, value: number]

function escaped(value: string): string {
  return value.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))
}

function sampleLine(name: string, [labels, value]: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`)
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}\n`
}

interface Family {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly samples: (role: RoleState, labels: Labels) => readonly Sample[]
}

function byProtocol(counts: Readonly<Record<string, number>>, labels: Labels): Sample[] {
  return Object.entries(counts).map(([protocol, count]) => [{...labels, protocol: protocol.toLowerCase()}, count])
}

/** One entry for each thing that is measured. */
const FAMILIES: readonly Family[] = [
  {
    name: 'courier_sessions',
    type: 'gauge',
    help: 'Sessions that have logged in',
    samples: (role, labels) => byProtocol(role.sessions, labels),
  },
  {name: 'courier_logins_total', type: 'counter', help: 'Logins', samples: (role, labels) => byProtocol(role.logins, labels)},
  {
    name: 'courier_login_failures_total',
    type: 'counter',
    help: 'Failed logins',
    samples: (role, labels) => byProtocol(role.failures, labels),
  },
  {
    name: 'courier_received_bytes_total',
    type: 'counter',
    help: 'Octets that sessions received after their login',
    samples: ({received}, labels) => [[labels, received]],
  },
  {
    name: 'courier_sent_bytes_total',
    type: 'counter',
    help: 'Octets that sessions sent after their login',
    samples: ({sent}, labels) => [[labels, sent]],
  },
  {
    name: 'courier_event_loop_delay_seconds',
    type: 'gauge',
    help: 'How late the event loop was in the last minute or two',
    samples: ({loopDelay: {p50, p99, max}}, labels) => [
      [{...labels, quantile: '0.5'}, p50 / 1000],
      [{...labels, quantile: '0.99'}, p99 / 1000],
      [{...labels, quantile: '1'}, max / 1000],
    ],
  },
  {
    name: 'courier_resident_memory_bytes',
    type: 'gauge',
    help: 'Memory of the process',
    samples: ({memory}, labels) => [[labels, memory.residentBytes]],
  },
  {name: 'courier_heap_bytes', type: 'gauge', help: 'Heap in use', samples: ({memory}, labels) => [[labels, memory.heapBytes]]},
  {
    name: 'courier_start_time_seconds',
    type: 'gauge',
    help: 'When the process began, seconds since 1970',
    samples: ({beganMs}, labels) => [[labels, beganMs / 1000]],
  },
  {
    name: 'courier_index_hits_total',
    type: 'counter',
    help: 'Messages whose metadata the index had',
    samples: ({index}, labels) => [[labels, index.hits]],
  },
  {
    name: 'courier_index_misses_total',
    type: 'counter',
    help: 'Messages whose metadata was read from their files',
    samples: ({index}, labels) => [[labels, index.misses]],
  },
  {
    name: 'courier_index_dropped_folders_total',
    type: 'counter',
    help: 'Folders that were dropped from the index for room',
    samples: ({index}, labels) => [[labels, index.droppedFolders]],
  },
  {
    name: 'courier_lost_log_lines_total',
    type: 'counter',
    help: 'Log lines that could not be written',
    samples: ({lostLogLines}, labels) => [[labels, lostLogLines]],
  },
]

export function metricsText(version: string, roles: readonly RoleState[]): string {
  const info = `# HELP courier_info Version of the server\n# TYPE courier_info gauge\n${sampleLine('courier_info', [{version}, 1])}`
  const families = FAMILIES.map(({name, type, help, samples}) => {
    const lines = roles.flatMap((role) => samples(role, {role: role.role, pid: String(role.pid)})).map((sample) => sampleLine(name, sample))
    return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
  })
  return info + families.join('')
}
