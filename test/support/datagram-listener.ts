/** A Unix datagram socket that collects what it gets, as syslogd and systemd have one. Node cannot, so Python does. */
import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {existsSync} from 'node:fs'

export const hasPython = existsSync('/usr/bin/python3')

const PROGRAM = `
import json, os, socket, sys
path = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
if not path.startswith('@') and os.path.exists(path): os.unlink(path)
s.bind('\\0' + path[1:] if path.startswith('@') else path)
print('"ready"', flush=True)
while True: print(json.dumps(s.recv(65536).decode('utf-8', 'replace')), flush=True)
`

export class DatagramListener implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>
  readonly received: string[] = []
  #wake = () => {}
  #rest = ''

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#closed = once(child, 'close')
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (this.#rest + text).split('\n')
      this.#rest = lines.pop() ?? ''
      for (const line of lines) this.received.push(JSON.parse(line) as string)
      this.#wake()
    })
  }

  /** `@name` is in the abstract namespace. */
  static async open(path: string): Promise<DatagramListener> {
    const child = spawn('/usr/bin/python3', ['-c', PROGRAM, path], {stdio: ['ignore', 'pipe', 'ignore']})
    const listener = new DatagramListener(child)
    await listener.until((received) => received[0] === 'ready')
    listener.received.shift()
    return listener
  }

  /** Waits until what was received is as wanted. */
  async until(wanted: (received: readonly string[]) => boolean): Promise<readonly string[]> {
    while (!wanted(this.received)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.received
  }

  /** Stops reading, as a daemon that hangs; `SIGCONT` goes on. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#closed
  }
}
