#!/usr/bin/env node
/** `npm test`: everything from a fresh checkout to the line `N passed, N failed`. */
import {spawnSync} from 'node:child_process'
import {join} from 'node:path'
import {prepare, root} from './prepare.js'

prepare()
const done = spawnSync(process.execPath, [join(root, 'dist', 'test', 'run.js'), ...process.argv.slice(2)], {stdio: 'inherit', cwd: root})
process.exit(done.status ?? 1)
