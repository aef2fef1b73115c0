/** How one session's work holds up another one. */
import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {fileURLToPath} from 'node:url'
import {type Figures, median, pause, percentile, type Row, type RowContext, selected} from '../row.js'
import {userOf} from '../servers/server.js'

const HEAVY = fileURLToPath(new URL('../heavy-client.js', import.meta.url))
const SECONDS = 5
const PAUSE_MS = 3

/** Another session that does a command over and over, with less right to the processor than we have. */
async function heavy({server}: RowContext, command: string) {
  const args = ['-n', '19', process.execPath, HEAVY, String(server.port), userOf('main'), command]
  const child = spawn('nice', args, {stdio: ['pipe', 'pipe', 'inherit']})
  await once(child.stdout, 'data')
  return {
    async [Symbol.asyncDispose]() {
      child.stdout.resume()
      child.stdin.end()
      await once(child, 'exit')
    },
  }
}

async function noops(context: RowContext, command: string): Promise<Figures> {
  const {probe} = context.server
  const light = await selected(context, 'logins')
  await using _ = await heavy(context, command)
  await probe?.startDelay()
  const took: number[] = []
  for (const end = performance.now() + SECONDS * 1000; performance.now() < end; ) {
    const began = performance.now()
    await light.ok('NOOP')
    took.push(performance.now() - began)
    await pause(PAUSE_MS)
  }
  const delay = await probe?.stopDelay()
  light.close()
  return {
    'NOOP median ms': median(took),
    'NOOP p99 ms': percentile(took, 0.99),
    'NOOP longest ms': Math.max(...took),
    ...(delay ? {'event loop p99 ms': delay.p99, 'event loop longest ms': delay.max} : {}),
  }
}

function beside(title: string, command: string): Row {
  return {
    title: `a session beside one that ${title}`,
    mail: ['main', 'logins'],
    figuresOnly: true,
    rounds: 1,
    targets: {'NOOP p99 ms': {atMost: 20}, 'event loop p99 ms': {atMost: 15}},
    run: (context) => noops(context, command),
  }
}

export const LOOP_DELAY: readonly Row[] = [
  beside('reads all bodies', 'FETCH 1:* BODY.PEEK[]'),
  beside('searches all bodies', 'SEARCH BODY "nowhere to be found"'),
  beside('reads all structures', 'FETCH 1:* (ENVELOPE BODYSTRUCTURE)'),
]
