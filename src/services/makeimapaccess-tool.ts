import {readFile} from 'node:fs/promises'
import {parseArgs} from 'node:util'
import {configDirectory} from '../config/config-directory.js'
import {IMAPD} from '../config/imapd-options.js'
import {IMAPD_SSL} from '../config/imapd-ssl-options.js'
import {hasErrors, problemText} from '../config/problem.js'
import {readConfiguration} from '../config/read-configuration.js'
import type {Settings} from '../config/settings.js'
import {accessTextHints, readAccessText} from '../net/access/access-text.js'
import {readAccessSource} from '../net/access/read-access-source.js'
import {replaceWithGdbm} from '../net/access/write-access.js'
import {BadSyntax, errnoOf, Fault} from '../support/fault.js'
import {systemText} from '../support/system-text.js'
import {octetsOf, type Tool, type ToolIo} from './tool.js'

/**
 * `makeimapaccess`: compiles IMAPACCESSFILE (`spec/server-config-tls.md` §2). Our servers see the new file at the next connection,
 * Courier's own are told.
 */
export const makeimapaccessTool: Tool = async (args, io) => {
  try {
    const settings = await settingsOf(configOf(args), io)
    const source = settings.get(IMAPD.IMAPACCESSFILE)
    if (!source) throw new Fault('bad-configuration', 'ERROR: No IMAPACCESSFILE specified in imapd')
    const texts = await readAccessSource(source)
    // Who looks at a terminal is told what else may be wrong; scripts see what the original says.
    if (io.errorsAreTerminal) for (const hint of accessTextHints(texts)) io.err(`${hint}\n`)
    await replaceWithGdbm({path: `${source}.dat`, temporary: `${source}.tmp`, records: readAccessText(texts)})
    for (const option of [IMAPD.PIDFILE, IMAPD_SSL.SSLPIDFILE]) await tellOriginal(settings.get(option))
    return 0
  } catch (error) {
    if (!(error instanceof Fault || error instanceof BadSyntax) && errnoOf(error) === undefined) throw error
    io.err(octetsOf(`${systemText(error)}\n`))
    return 1
  }
}

/** The original has no options. */
function configOf(args: readonly string[]): string | undefined {
  try {
    return parseArgs({args: [...args], options: {config: {type: 'string'}}}).values.config
  } catch (error) {
    throw new BadSyntax(error instanceof Error ? error.message : String(error), {cause: error})
  }
}

/** As the script has it: `imapd`, then `imapd-ssl`. */
async function settingsOf(config: string | undefined, {env}: ToolIo): Promise<Settings> {
  const {imaps, problems} = await readConfiguration(configDirectory(config, env))
  if (hasErrors(problems)) throw new Fault('bad-configuration', problems.map(problemText).join('\n'))
  return imaps
}

/** SIGHUP to Courier's logger, which hands it on, when that is who the file names. */
async function tellOriginal(pidFile: string | undefined): Promise<void> {
  const pid = Number.parseInt(pidFile ? await readFile(pidFile, 'latin1').catch(() => '') : '', 10)
  if (!(pid > 1)) return
  const command = await readFile(`/proc/${pid}/comm`, 'latin1').catch(() => '')
  if (command.trim() !== 'courierlogger') return
  try {
    process.kill(pid, 'SIGHUP')
  } catch {
    // It has just ended, or is not ours to signal: it reads the file at its next start.
  }
}
