/**
 * What tools use of `node:fs/promises`, done at once: a tool that runs for a moment has nothing else to do meanwhile, and needs
 * neither that code nor the threads. `bin/bundle.js` puts it in the place of Node's; names, arguments and errors are the same.
 */
import * as fs from 'node:fs'

function soon<Args extends readonly unknown[], Result>(call: (...args: Args) => Result): (...args: Args) => Promise<Result> {
  return async (...args) => call(...args)
}

export const chmod = soon(fs.chmodSync)
export const chown = soon(fs.chownSync)
export const lstat = soon(fs.lstatSync)
export const mkdir = soon(fs.mkdirSync)
export const readdir = soon(fs.readdirSync)
export const readFile = soon(fs.readFileSync)
export const readlink = soon(fs.readlinkSync)
export const realpath = soon(fs.realpathSync.native)
export const rename = soon(fs.renameSync)
export const stat = soon(fs.statSync)
export const utimes = soon(fs.utimesSync)
export const open = soon((...args: Parameters<typeof fs.openSync>) => new BlockingFile(fs.openSync(...args)))

/** Files only, unlike Node's: what else it can do takes as long to load as all of this. */
export const rm = soon((path: string, {force = false}: {readonly force?: boolean} = {}) => {
  try {
    fs.unlinkSync(path)
  } catch (error) {
    if (!force || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
})

/** As much of a `FileHandle` as tools use. */
class BlockingFile {
  readonly fd: number

  constructor(fd: number) {
    this.fd = fd
  }

  async stat(options?: fs.StatSyncOptions) {
    return fs.fstatSync(this.fd, options)
  }

  async read(buffer: Buffer, offset: number, length: number, position: number) {
    return {bytesRead: fs.readSync(this.fd, buffer, offset, length, position)}
  }

  async write(octets: Buffer, offset: number, length: number, position: number) {
    return {bytesWritten: fs.writeSync(this.fd, octets, offset, length, position)}
  }

  async writeFile(data: string | Buffer) {
    fs.writeFileSync(this.fd, data)
  }

  async truncate(octets: number) {
    fs.ftruncateSync(this.fd, octets)
  }

  async chmod(mode: number) {
    fs.fchmodSync(this.fd, mode)
  }

  async sync() {
    fs.fsyncSync(this.fd)
  }

  async close() {
    fs.closeSync(this.fd)
  }
}
