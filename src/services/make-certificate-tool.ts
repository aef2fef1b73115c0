import {X509Certificate} from 'node:crypto'
import {lstat, readFile, stat} from 'node:fs/promises'
import {hostname} from 'node:os'
import {join, resolve} from 'node:path'
import {parseArgs} from 'node:util'
import {configDirectory} from '../config/config-directory.js'
import {BadSyntax, errnoOf, Fault} from '../support/fault.js'
import {systemText} from '../support/system-text.js'
import {type CertificateTemplate, readCertificateTemplate} from '../tls/certificate-template.js'
import {makeSelfSigned} from '../tls/self-signed.js'
import {askText} from './ask-password.js'
import {createSecret, replaceSecret} from './install-secret.js'
import {octetsOf, type Tool, type ToolIo} from './tool.js'

const DEFAULT_DAYS = 365
const DEFAULT_RSA_BITS = 3072
const MAX_DAYS = 36_500
const NAME =
  /^(?=.{1,253}$)(?:\*\.)?[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*$|^[0-9a-fA-F.:]+$/
const MAX_COMMON_NAME = 64

/** `mkimapdcert`, `mkpop3dcert` (`spec/server-config-tls.md` §6.1): a self-signed certificate, key first, in one file. */
export function makeCertificateTool(service: 'imapd' | 'pop3d'): Tool {
  return async (args, io) => {
    try {
      return await make(service, args, io)
    } catch (error) {
      if (!(error instanceof Fault) && errnoOf(error) === undefined) throw error
      io.err(octetsOf(`${error instanceof Fault ? error.message : systemText(error)}\n`))
      return 1
    }
  }
}

async function make(service: string, args: readonly string[], io: ToolIo): Promise<number> {
  const request = requestOf(args)
  const directory = configDirectory(request.config, io.env)
  const path = `${resolve(request.path ?? join(directory, service))}.pem`
  const exists = (await stat(path).catch(() => undefined)) !== undefined
  if (exists && !request.force) return alreadyThere(path, io)
  if (exists && (await lstat(path)).isSymbolicLink())
    throw new Fault('no-access', `${path} is a symbolic link and is not replaced; renew what it leads to`)
  const template = await templateAt(join(directory, `${service}.cnf`))
  const names = await namesFor(request.names, template, io)
  const rsaBits = request.rsa ? rsaBitsOf(io.env.BITS, template) : undefined
  const days = request.days ?? template?.days ?? DEFAULT_DAYS
  if (days < 1 || days > MAX_DAYS) throw new Fault('bad-configuration', `A number of days from 1 to ${MAX_DAYS} is expected, not "${days}"`)
  const {keyPem, certificatePem} = makeSelfSigned({names, days, now: new Date(), subject: template?.subject ?? {}, rsaBits})
  const text = `${keyPem}${certificatePem}`
  if (exists) await replaceSecret(path, text, {keepOwner: true})
  else if (!(await createSecret(path, text))) return alreadyThere(path, io)
  const made = new X509Certificate(certificatePem)
  io.out(octetsOf(`subject=${made.subject.replaceAll('\n', ', ')}\nnotBefore=${made.validFrom}\nnotAfter=${made.validTo}\n`))
  io.out(`SHA256 Fingerprint=${made.fingerprint256}\n`)
  return 0
}

function alreadyThere(path: string, io: ToolIo): number {
  io.out(octetsOf(`${path} already exists.\n`))
  return 1
}

interface Request {
  readonly config: string | undefined
  readonly path: string | undefined
  readonly names: readonly string[]
  readonly days: number | undefined
  readonly rsa: boolean
  readonly force: boolean
}

function requestOf(args: readonly string[]): Request {
  try {
    const {values, positionals} = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: {type: 'string'},
        name: {type: 'string', multiple: true},
        days: {type: 'string'},
        rsa: {type: 'boolean'},
        force: {type: 'boolean'},
      },
    })
    const days = values.days === undefined ? undefined : /^\d{1,6}$/.test(values.days) ? Number(values.days) : 0
    return {
      config: values.config,
      path: positionals[0],
      names: values.name ?? [],
      days,
      rsa: values.rsa ?? false,
      force: values.force ?? false,
    }
  } catch (error) {
    throw new Fault('bad-configuration', error instanceof Error ? error.message : String(error), {cause: error})
  }
}

async function templateAt(path: string): Promise<CertificateTemplate | undefined> {
  try {
    return readCertificateTemplate(await readFile(path, 'utf8'))
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    if (error instanceof BadSyntax) throw new Fault('bad-configuration', `${path}: ${error.message}`, {cause: error})
    throw new Fault('io-error', `${path}: ${systemText(error)}`, {cause: error})
  }
}

async function namesFor(given: readonly string[], template: CertificateTemplate | undefined, io: ToolIo): Promise<[string, ...string[]]> {
  let names = given.length > 0 ? given : (template?.names ?? [])
  // The shipped file names no real server.
  const areOpen = given.length === 0 && names.every((name) => name === 'localhost')
  if (areOpen && io.inputIsTerminal && io.errorsAreTerminal) {
    const answer = await askText('Names of this server, separated by blanks', hostname())
    if (answer === undefined) throw new Fault('unavailable', 'Interrupted')
    names = answer.split(/[\s,]+/).filter((name) => name !== '')
  }
  const [first = 'localhost', ...others] = names
  for (const name of [first, ...others]) {
    if (!NAME.test(name)) throw new Fault('bad-configuration', `"${name}" is no host name and no address`)
  }
  if (first.length > MAX_COMMON_NAME) throw new Fault('bad-configuration', `"${first}" is too long for the first name`)
  return [first, ...others]
}

function rsaBitsOf(given: string | undefined, template: CertificateTemplate | undefined): number {
  const bits = /^\d+$/.test(given ?? '') ? Number(given) : (template?.rsaBits ?? DEFAULT_RSA_BITS)
  if (bits < 2048 || bits > 8192) throw new Fault('bad-configuration', `An RSA key has 2048 to 8192 bits here, not ${bits}`)
  return bits
}
