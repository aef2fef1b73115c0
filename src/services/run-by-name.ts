import {basename} from 'node:path'
import {runTool} from './run-tool.js'
import {TOOLS} from './tools.js'

/** Runs the tool that the program was called as: `path` is its path, usually a link's. */
export async function runByName(path: string, args: readonly string[]): Promise<void> {
  const name = basename(path)
  const load = Object.hasOwn(TOOLS, name) ? TOOLS[name] : undefined
  if (!load) {
    process.stderr.write(`${name}: this program runs under the names of the tools: ${Object.keys(TOOLS).join(', ')}\n`)
    process.exitCode = 1
    return
  }
  await runTool(await load(path), args, path)
}
