import {stat} from 'node:fs/promises'
import {join, resolve} from 'node:path'
import {parseArgs} from 'node:util'
import {configDirectory} from '../config/config-directory.js'
import {IMAPD_SSL} from '../config/imapd-ssl-options.js'
import {hasErrors} from '../config/problem.js'
import {readConfiguration} from '../config/read-configuration.js'
import {BadSyntax, errnoOf, Fault} from '../support/fault.js'
import {systemText} from '../support/system-text.js'
import {ffdhePrime} from '../tls/dh-groups.js'
import {dhParametersPem, safePrime} from '../tls/dh-parameters.js'
import {replaceSecret} from './install-secret.js'
import {octetsOf, type Tool, type ToolIo} from './tool.js'

const DEFAULT_BITS = 2048
const DAY_MS = 86_400_000
/** `find -mtime +25` counts whole days: from 26 on (`spec/server-config-tls.md` §6.2). */
const OLD_DAYS = 26
const TICK_MS = 1000
/** The words of certtool. */
const WORDS: Readonly<Record<string, number>> = {low: 1024, medium: 2048, high: 3072, ultra: 8192}

/** `mkdhparams`: Diffie-Hellman parameters of our own, when those that are there are old. */
export const mkdhparamsTool: Tool = async (args, io) => {
  try {
    const {config, ffdhe, force} = requestOf(args)
    const path = resolve(io.env.TLS_DHPARAMS || (await configuredPath(configDirectory(config, io.env))))
    if (!force && (await isFresh(path))) return 0
    const bits = bitsOf(io.env.DH_BITS || undefined)
    const prime = ffdhe ? ffdhePrime(bits) : await withProgress(bits, io)
    await replaceSecret(path, dhParametersPem(prime), {keepOwner: false})
    return 0
  } catch (error) {
    if (!(error instanceof Fault || error instanceof BadSyntax) && errnoOf(error) === undefined) throw error
    io.err(octetsOf(`mkdhparams: ${systemText(error)}\n`))
    return 1
  }
}

/** What the server reads, else Courier's place for it. */
async function configuredPath(directory: string): Promise<string> {
  const {imaps, problems} = await readConfiguration(directory)
  return (hasErrors(problems) ? undefined : imaps.get(IMAPD_SSL.TLS_DHPARAMS)) || join(directory, 'dhparams.pem')
}

function requestOf(args: readonly string[]): {config: string | undefined; ffdhe: boolean; force: boolean} {
  try {
    const {values} = parseArgs({
      args: [...args],
      options: {config: {type: 'string'}, ffdhe: {type: 'boolean'}, force: {type: 'boolean'}},
    })
    return {config: values.config, ffdhe: values.ffdhe ?? false, force: values.force ?? false}
  } catch (error) {
    throw new BadSyntax(error instanceof Error ? error.message : String(error), {cause: error})
  }
}

async function isFresh(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() === true && Math.floor((Date.now() - found.mtimeMs) / DAY_MS) < OLD_DAYS
}

function bitsOf(text: string | undefined): number {
  const bits = text === undefined ? DEFAULT_BITS : (WORDS[text] ?? (/^\d{1,5}$/.test(text) ? Number(text) : 0))
  if (bits < 1024 || bits > 8192) throw new BadSyntax(`DH_BITS is a number from 1024 to 8192, low, medium, high or ultra, not "${text}"`)
  return bits
}

/** Tells on a terminal that it still works; cron hears nothing. */
async function withProgress(bits: number, {errorsAreTerminal, err}: ToolIo): Promise<bigint> {
  if (!errorsAreTerminal) return safePrime(bits)
  const began = Date.now()
  const tick = () => err(`\rLooking for a safe prime of ${bits} bits, ${Math.round((Date.now() - began) / 1000)} s`)
  tick()
  const timer = setInterval(tick, TICK_MS)
  try {
    return await safePrime(bits)
  } finally {
    clearInterval(timer)
    err('\r\x1b[K')
  }
}
