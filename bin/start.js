#!/usr/bin/env node
/** `npm start`: a demo mail host in a local folder, from a fresh checkout. */
import {spawn} from 'node:child_process'
import {join} from 'node:path'
import {prepare, root} from './prepare.js'

prepare()
const args = [join(root, 'bin', 'run.js'), 'serve', '--demo', ...process.argv.slice(2)]
const server = spawn(process.execPath, args, {stdio: 'inherit'})
// A terminal sends Ctrl-C to both of us: only the server acts on it, we end when it has ended.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => (signal === 'SIGINT' && process.stdin.isTTY ? undefined : server.kill(signal)))
}
server.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
