/**
 * Makes a checkout ready to run: installs the packages and builds, each only when something changed.
 * Plain JavaScript, because it runs before anything is installed.
 */
import {spawnSync} from 'node:child_process'
import {existsSync, readFileSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Runs a program in the checkout; ends this process with its exit code when it fails. */
function must(command, args, hint) {
  const done = spawnSync(command, args, {cwd: root, stdio: ['ignore', 'inherit', 'inherit']})
  if (done.status === 0) return
  console.error(`${hint}${done.error ? `: ${done.error.message}` : ''}`)
  process.exit(done.status || 1)
}

export function prepare() {
  if (Number(process.versions.node.split('.')[0]) < 20) {
    console.error(`Node 20 or newer is needed, this is ${process.version}`)
    process.exit(1)
  }
  const stamp = join(root, 'node_modules', '.installed-lock')
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8')
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
    console.error('Installing packages …')
    // Not `npm ci`: it refuses a lock file without the optional packages of platforms that a registry does not carry.
    must('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], 'npm install failed')
    writeFileSync(stamp, lock)
  }
  must(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.json'], 'The build failed')
  must(process.execPath, [join(root, 'bin', 'bundle.js')], 'The build failed')
}
