import {loadTryLock} from '../../auth/native.js'
import {syslogLine} from '../../log/syslog-line.js'
import {SyslogSender} from '../../log/syslog-sender.js'
import {loadDatagrams} from '../../support/datagram-socket.js'
import {Fault} from '../../support/fault.js'
import {reloadDaemon, startInBackground, stopDaemon, tellParent} from '../background.js'
import {PidFile} from '../pid-file.js'
import {systemAccount, systemGroup} from '../system-account.js'
import {octetsOf, type Tool, type ToolIo} from '../tool.js'
import {type LoggerRequest, loggerRequest} from './arguments.js'
import {LoggedProgram} from './logged-program.js'

const USAGE = `Usage: courierlogger [-name=name] [-pid=pidfile] [-facility=type]
       [-start|-stop|-restart] [cmd [args...]]
`
/** What of a line is sent. */
const MAX_LINE_OCTETS = 511

/** `courierlogger`: sends lines to the system's log, of standard input or of a program that it runs (`spec/auth.md` §26.5). */
export const courierloggerTool: Tool = async (args, io) => {
  try {
    const request = loggerRequest(args)
    if (!request) {
      io.err(USAGE)
      return 1
    }
    const {verb, pidFile: path} = request
    if (path === undefined) await inForeground(request, io)
    else {
      const pidFile = new PidFile({path, tryLock: loadTryLock()})
      if (verb === 'stop') await stopDaemon(pidFile)
      else if (verb === 'restart') await reloadDaemon(pidFile)
      else if (process.connected) await asDaemon(request, pidFile, io)
      else return await start(args, pidFile, io)
    }
    return 0
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    io.err(octetsOf(`${error.message}\n`))
    return 1
  }
}

/** Starts itself again as a daemon; nothing when one runs. */
async function start(args: readonly string[], pidFile: PidFile, io: ToolIo): Promise<number> {
  if ((await pidFile.running()) !== undefined) return 0
  const self = process.argv.slice(1, process.argv.length - args.length)
  const started = await startInBackground({command: [process.execPath, ...process.execArgv, ...self, ...args], env: io.env})
  if (started === 'ready') return 0
  io.err(octetsOf(`${started.reason ?? 'The program could not be started'}\n`))
  return 1
}

async function asDaemon(request: LoggerRequest, pidFile: PidFile, io: ToolIo): Promise<void> {
  try {
    // Another one was quicker: it runs, which is what was wanted.
    if (!(await pidFile.take())) return await tellParent('ready')
    await pidFile.write(process.pid)
    await inForeground(request, io, () => void tellParent('ready'))
    await pidFile.release()
  } catch (error) {
    if (error instanceof Fault) await tellParent({failed: error.message})
    throw error
  }
}

async function inForeground(request: LoggerRequest, io: ToolIo, onStart = () => {}): Promise<void> {
  const {name, facility, socket, command, respawn, dropsRoot} = request
  const connect = loadDatagrams()
  const identity = {name, facility}
  const sender = new SyslogSender({
    connect: () => connect(socket),
    lostLine: (count) => syslogLine(`WARN: ${count} lines were lost`, {...identity, time: new Date()}),
  })
  const line = (octets: Buffer) => {
    const text = octets.subarray(0, MAX_LINE_OCTETS).toString('utf8').replace(/^ +/, '')
    sender.send(syslogLine(text, {...identity, time: new Date()}))
  }
  try {
    if (command.length === 0) {
      for (let next = await io.input.next(); next !== undefined; next = await io.input.next()) line(next)
      return
    }
    const ids = await idsOf(request)
    const drop = () => {
      process.chdir('/')
      if (ids && process.geteuid?.() === 0) become(ids)
      onStart()
    }
    const program = new LoggedProgram({command, respawn, ids: dropsRoot ? ids : undefined, line, onStart: drop})
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => program.stop())
    process.on('SIGHUP', () => program.hangUp())
    await program.run()
  } finally {
    sender.close()
  }
}

/** @throws {Fault} `bad-configuration` for names that nobody has */
async function idsOf({user, group}: LoggerRequest): Promise<{readonly uid: number; readonly gid: number} | undefined> {
  if (user === undefined && group === undefined) return undefined
  const account = user === undefined ? undefined : await systemAccount(user)
  if (user !== undefined && !account) throw new Fault('bad-configuration', `There is no user "${user}"`)
  const gid = group === undefined ? Number(account?.gid) : await systemGroup(group)
  if (gid === undefined) throw new Fault('bad-configuration', `There is no group "${group}"`)
  return {uid: account ? Number(account.uid) : (process.getuid?.() ?? 0), gid}
}

function become({uid, gid}: {readonly uid: number; readonly gid: number}): void {
  process.setgroups?.([gid])
  process.setgid?.(gid)
  process.setuid?.(uid)
}
