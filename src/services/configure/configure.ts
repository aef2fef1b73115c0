/** `courier configure`: installs the configuration files, and brings those of every earlier Courier-IMAP up to date. */
import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {type OldBlock, oldBlocks, readMarkedFile} from '../../config/marked-file.js'
import {type BlockReport, mergeSettings} from '../../config/merge-settings.js'
import {Fault} from '../../support/fault.js'
import {octetsOf} from '../tool.js'
import {CERTIFICATE_FILES, SOURCE_FILES} from './configuration-files.js'
import type {FileState} from './file-state.js'
import {findOldFiles} from './find-old-files.js'
import type {OldFile} from './old-file.js'
import {compareVersions, type OldFiles, oldVersion} from './old-version.js'
import {type Change, Plan} from './plan.js'
import {isOurVersion, renderTemplate, type TemplatePlaces} from './render-template.js'
import {UPGRADE_STEPS} from './steps.js'

const SOURCE_MODE = 0o640
const PRIVATE = 0o600

export interface ConfigureOptions extends TemplatePlaces {
  readonly authDirectory: string
  /** Merges files of the same version too. */
  readonly force: boolean
}

/** What became of one file. */
export interface FileReport {
  readonly path: string
  readonly blocks: readonly BlockReport[]
}

export interface ConfigurePlan {
  readonly changes: readonly Change[]
  readonly reports: readonly FileReport[]
  /** What the administrator has to know or to do. */
  readonly notices: readonly string[]
}

/** Finds out what is to be done; changes nothing. @throws {Fault} `io-error`, `bad-configuration` */
export async function planConfigure(options: ConfigureOptions): Promise<ConfigurePlan> {
  const {directory, authDirectory} = options
  const plan = new Plan()
  const notices: string[] = []
  const files = await findOldFiles({directory, authDirectory, plan})
  const existing = [...files.values()].filter(({state}) => state !== undefined)
  if (existing.some((file) => !file.isOurs)) {
    const version = oldVersion(files)
    for (const step of UPGRADE_STEPS) {
      if (compareVersions(version, step.upTo) > 0) continue
      await step.run({directory, authDirectory, version, files, plan, tell: (line) => notices.push(line)})
    }
  }
  const reports: (FileReport | undefined)[] = []
  for (const file of files.values()) reports.push(await mergeFile(file, {options, plan}))
  for (const name of SOURCE_FILES) reports.push(await mergeSource(name, {options, plan, files}))
  for (const name of CERTIFICATE_FILES) await installOnce(name, {options, plan})
  return {changes: plan.changes(), reports: reports.filter((report) => report !== undefined), notices}
}

interface Context {
  readonly options: ConfigureOptions
  readonly plan: Plan
}

interface Installed {
  /** Of the template. */
  readonly name: string
  readonly path: string
  /** Of a file that is new. */
  readonly mode: number
  /** Whose rights a new file gets, when there is an old one elsewhere. */
  readonly like: FileState | undefined
  /** The line `##VERSION: …` of the old file. */
  readonly version: string | undefined
  readonly blocks: ReadonlyMap<string, OldBlock>
}

/** Puts a template in place with the settings of the old file; undefined when that has its version. */
async function merge({name, path, mode, like, version, blocks}: Installed, {options, plan}: Context): Promise<FileReport | undefined> {
  const text = await renderTemplate(name, options)
  const dist = readMarkedFile(text)
  if (!dist) throw new Fault('bad-configuration', `The template ${name} has no header`)
  await plan.write(`${path}.dist`, text, {mode, like})
  if (version === dist.version && !options.force) return undefined
  const own = await plan.read(path)
  const merged = mergeSettings(dist, {old: blocks, distName: octetsOf(`${path}.dist`)})
  // A second merge with --force must not give the administrator's last own file up.
  if (own && own.text !== merged.text) await plan.write(`${path}.bak`, own.text, {mode: own.mode, like: own})
  await plan.write(path, merged.text, {mode, like})
  return {path, blocks: merged.report}
}

function mergeFile({kind, path, blocks, marked, state}: OldFile, context: Context): Promise<FileReport | undefined> {
  return merge({name: kind.name, path, mode: kind.mode, like: state, version: marked?.version, blocks}, context)
}

/** Courier's own files of the account sources are read as they are; ours are merged, and a source that is listed gets one. */
async function mergeSource(name: string, {files, ...context}: Context & {readonly files: OldFiles}): Promise<FileReport | undefined> {
  const path = join(context.options.authDirectory, name)
  const like = await context.plan.read(path)
  const marked = like && readMarkedFile(like.text)
  if (like ? !isOurVersion(marked?.version) : !isListed(name, files)) return undefined
  return merge({name, path, mode: SOURCE_MODE, like, version: marked?.version, blocks: marked ? oldBlocks(marked) : new Map()}, context)
}

/** Whether `authmodulelist` names the source whose file that is. */
function isListed(fileName: string, files: OldFiles): boolean {
  const list = files.get('authdaemonrc')?.blocks.get('authmodulelist')?.text ?? ''
  return list.split(/[^a-z]+/).includes(fileName.replace(/rc$/, ''))
}

async function installOnce(name: string, {options, plan}: Context): Promise<void> {
  const path = join(options.directory, name)
  if (await plan.read(path)) return
  await plan.write(path, await readFile(join(options.templates, name), 'latin1'), {mode: PRIVATE})
}
