/** Child process of `test/run.ts`: runs one test file and sends its tally to the parent. */
import './defer.js'
import {pathToFileURL} from 'node:url'
import {exec} from 'uvu'
import {forgottenSuites, suiteCount, tally} from './suite.js'

function problem(text: string): void {
  tally.failed += 1
  tally.failures.push(text)
}

process.on('unhandledRejection', (reason) =>
  problem(`A promise was rejected and nobody listened: ${reason instanceof Error ? reason.stack : String(reason)}`),
)
process.on('uncaughtException', (error) => problem(`An exception nobody caught: ${error.stack}`))

const file = process.argv[2] ?? ''
try {
  await import(pathToFileURL(file).href)
  if (suiteCount() === 0) problem('The file makes no suite')
  for (const name of forgottenSuites()) problem(`The suite "${name}" was never run: .run() is missing`)
  await exec(false)
} catch (error) {
  problem(`The file cannot be loaded: ${error instanceof Error ? error.stack : String(error)}`)
}
// What rejects late still counts.
await new Promise((resolve) => setTimeout(resolve, 20))
if (process.send) process.send(tally, () => process.exit(tally.failed ? 1 : 0))
else process.exit(tally.failed ? 1 : 0)
