import {basename} from 'node:path'
import {type MarkedFile, oldBlocks, readMarkedFile} from '../config/marked-file.js'
import {type BlockReport, mergeSettings} from '../config/merge-settings.js'
import {errnoOf, Fault} from '../support/fault.js'
import {systemText} from '../support/system-text.js'
import {type FileState, putState, readState, targetOf} from './configure/file-state.js'
import {octetsOf, type Tool, type ToolIo} from './tool.js'

/** Version of sysconftool whose files are understood. */
const VERSION = '0.21'
const FAILED = 9

interface Request {
  readonly files: readonly string[]
  readonly dryRun: boolean
  readonly force: boolean
  readonly showVersion: boolean
  /** Version that the caller needs. */
  readonly needs: string | undefined
}

/** `sysconftool [-v] [-n] [-f] [-r VERSION] FILE…`: merges each FILE.dist with the settings of FILE (`spec/server-config-tls.md` §7.2). */
export const sysconftoolTool: Tool = async (args, io) => {
  const request = requestOf(args)
  if (typeof request === 'string') {
    io.err(octetsOf(request))
    return 1
  }
  if (request.needs !== undefined && isOlder(VERSION, request.needs)) {
    io.err(octetsOf(`${io.program}: Version not supported.\n`))
    return 255
  }
  if (request.showVersion) io.out(`${VERSION}\n`)
  let code = 0
  for (const file of request.files) {
    try {
      await upgrade(file.replace(/\.dist$/, ''), {request, io})
    } catch (error) {
      if (!(error instanceof Fault) && errnoOf(error) === undefined) throw error
      // Courier: failures go to standard output, between the reports.
      io.out(octetsOf(`${error instanceof Fault ? error.message : systemText(error)}\n`))
      code = FAILED
    }
  }
  return code
}

/** The text of an error instead, when the arguments cannot be read. */
function requestOf(args: readonly string[]): Request | string {
  const files: string[] = []
  const flags = new Set<string>()
  let needs: string | undefined
  for (let index = 0; index < args.length; index += 1) {
    const word = args[index] ?? ''
    const match = /^--?([^=]+)(?:=(.*))?$/s.exec(word)
    if (word === '--') {
      files.push(...args.slice(index + 1))
      break
    }
    const name = match?.[1]
    if (name === undefined) files.push(word)
    else if (name === 'r') {
      needs = match?.[2] ?? args[++index]
      if (needs === undefined) return 'Option r requires an argument\n'
    } else if (['v', 'n', 'f'].includes(name) && match?.[2] === undefined) flags.add(name)
    else return `Unknown option: ${name}\n`
  }
  return {files, dryRun: flags.has('n'), force: flags.has('f'), showVersion: flags.has('v'), needs}
}

/** Runs of digits are compared as numbers, others as text; the shorter of two that begin alike is older. */
function isOlder(version: string, than: string): boolean {
  const runs = (text: string) => text.match(/\d+|[^\d.]+/g) ?? []
  const [ours, theirs] = [runs(version), runs(than)]
  for (const [index, theirRun] of theirs.entries()) {
    const ourRun = ours[index]
    if (ourRun === undefined) return true
    const order =
      /^\d+$/.test(ourRun) && /^\d+$/.test(theirRun)
        ? Number(ourRun) - Number(theirRun)
        : ourRun < theirRun
          ? -1
          : ourRun > theirRun
            ? 1
            : 0
    if (order !== 0) return order < 0
  }
  return false
}

async function fileAt(path: string): Promise<FileState | undefined> {
  try {
    return await readState(await targetOf(path))
  } catch (error) {
    throw error instanceof Fault ? error : new Fault('io-error', `${path}: ${systemText(error)}`, {cause: error})
  }
}

async function upgrade(path: string, {request, io}: {readonly request: Request; readonly io: ToolIo}): Promise<void> {
  const distPath = `${path}.dist`
  const distState = await fileAt(distPath)
  if (!distState) throw new Fault('io-error', `${distPath}: No such file or directory`)
  const dist = readMarkedFile(distState.text)
  if (!dist) throw new Fault('bad-configuration', `${distPath}: configuration header not found.`)
  const old = await fileAt(path)
  const marked: MarkedFile | undefined = old && readMarkedFile(old.text)
  if (marked?.version === dist.version && !request.force) return
  const {text, report} = mergeSettings(dist, {old: marked ? oldBlocks(marked) : new Map(), distName: octetsOf(distPath)})
  io.out(octetsOf(`${basename(path)}:\n`))
  io.out(reportText(report))
  if (request.dryRun) return
  if (old) await putState(`${path}.bak`, old)
  await putState(path, {...distState, text})
}

/** Courier: what is removed is not told. */
function reportText(report: readonly BlockReport[]): string {
  return report
    .filter(({outcome}) => outcome !== 'removed')
    .map(({name, outcome}) => `  ${name}: ${outcome}\n`)
    .join('')
}
