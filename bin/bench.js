#!/usr/bin/env node
/** `npm run bench`: our server against the originals, from a fresh checkout. */
import {spawnSync} from 'node:child_process'
import {join} from 'node:path'
import {prepare, root} from './prepare.js'

prepare()
const done = spawnSync(process.execPath, [join(root, 'dist', 'test', 'bench', 'run.js'), ...process.argv.slice(2)], {
  stdio: 'inherit',
  cwd: root,
})
process.exit(done.status ?? 1)
