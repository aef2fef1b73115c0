/** What may befall the files of an index. */
import fs, {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import {type FileHandle, open} from 'node:fs/promises'
import {syncBuiltinESMExports} from 'node:module'
import {join} from 'node:path'

type Random = (limit: number) => number

/** One file of one folder, and any file of another one. */
export interface DamagedFile {
  readonly path: string
  readonly other: string
}

const FILES = ['view', 'log', 'records'] as const

/** Directories of the folders that are in the cache of one account. */
function folderDirectories(cache: string): string[] {
  const [account = ''] = readdirSync(cache).filter((name) => name !== 'CACHEDIR.TAG')
  return readdirSync(join(cache, account))
    .filter((name) => /^[0-9a-f]+-[0-9a-f]+$/.test(name))
    .map((name) => join(cache, account, name))
}

/** A file to damage. */
export function anyFile(cache: string, random: Random): DamagedFile {
  const folders = folderDirectories(cache)
  const folder = folders[random(folders.length)] ?? ''
  const file = FILES[random(FILES.length)] ?? 'view'
  const otherFile = FILES[random(FILES.length + 3)] ?? file
  return {path: join(folder, file), other: join(folders.find((name) => name !== folder) ?? '', otherFile)}
}

/** Keeps copies of all files, for `as it was some time ago`. */
export function keepCopies(cache: string): void {
  for (const folder of folderDirectories(cache))
    for (const file of FILES) if (existsSync(join(folder, file))) cpSync(join(folder, file), join(folder, `${file}.before`))
}

/** The name of a kind of damage: half of them are a few wrong bits. */
export function anyDamage(random: Random): string {
  const kinds = Object.keys(DAMAGES)
  return kinds[random(random(2) === 0 ? 2 : kinds.length)] ?? ''
}

/** What was put in the place of files is taken away, and what may not be read may be again. */
export function tidyUp(cache: string): void {
  for (const folder of folderDirectories(cache)) {
    chmodSync(folder, 0o700)
    for (const entry of readdirSync(folder, {withFileTypes: true})) {
      if (!entry.isFile()) rmSync(join(folder, entry.name), {recursive: true})
      else chmodSync(join(folder, entry.name), 0o600)
    }
  }
}

/** The first two are a few wrong bits. */
export const DAMAGES: Readonly<Record<string, (file: DamagedFile, random: Random) => void>> = {
  'flipped bits': ({path}, random) => {
    const octets = readFileSync(path)
    for (let times = 1 + random(4); times > 0 && octets.length > 0; times -= 1) {
      const at = random(octets.length)
      octets[at] = (octets[at] ?? 0) ^ (1 << random(8))
    }
    writeFileSync(path, octets)
  },
  'flipped bits at its end': ({path}, random) => {
    const octets = readFileSync(path)
    const at = Math.max(0, octets.length - 1 - random(60))
    octets[at] = (octets[at] ?? 0) ^ (1 << random(8))
    writeFileSync(path, octets)
  },
  'a stretch of zeros': ({path}, random) => {
    const octets = readFileSync(path)
    const at = random(octets.length + 1)
    octets.fill(0, at, at + random(5000))
    writeFileSync(path, octets)
  },
  'a cut end': ({path}, random) => truncateSync(path, random(readFileSync(path).length + 1)),
  'a little cut off': ({path}, random) => truncateSync(path, Math.max(0, readFileSync(path).length - 1 - random(100))),
  'more at its end': ({path}, random) => appendFileSync(path, Buffer.alloc(1 + random(300), random(256))),
  'the file of another folder': ({path, other}) => {
    if (existsSync(other)) cpSync(other, path)
  },
  'swapped with that of another folder': ({path, other}) => {
    if (!existsSync(other)) return
    renameSync(path, `${path}.swap`)
    renameSync(other, path)
    renameSync(`${path}.swap`, other)
  },
  'as it was some time ago': ({path}) => {
    if (existsSync(`${path}.before`)) cpSync(`${path}.before`, path)
  },
  'no file': ({path}) => rmSync(path),
  'no files of the folder': ({path}) => rmSync(join(path, '..'), {recursive: true}),
  'a directory in its place': ({path}) => {
    rmSync(path)
    mkdirSync(path)
  },
  'a link in its place': ({path}) => {
    renameSync(path, `${path}.kept`)
    symlinkSync(`${path}.kept`, path)
  },
  'not to be read': ({path}) => chmodSync(path, 0),
  'a directory that cannot be written': ({path}) => chmodSync(join(path, '..'), 0o500),
}

/** From now on the disk is full for all below `directory`: what is written there is cut off. Ends with the scope. */
export async function fullDisk(directory: string): Promise<Disposable> {
  const isThere = (descriptor: number) => readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(directory)
  const none = () => Object.assign(new Error('ENOSPC: no space left on device, write'), {code: 'ENOSPC'})
  const handle = await open('/dev/null')
  const handles = Object.getPrototypeOf(handle) as FileHandle
  await handle.close()
  const {writeSync} = fs
  const {write} = handles
  let room = 100
  fs.writeSync = ((descriptor: number, data: Buffer, at: number, length: number, position: number) => {
    if (!isThere(descriptor)) return writeSync(descriptor, data, at, length, position)
    if (room === 0) throw none()
    const some = Math.min(room, length)
    room -= some
    return writeSync(descriptor, data, at, some, position)
  }) as typeof fs.writeSync
  handles.write = async function (this: FileHandle, ...call: Parameters<FileHandle['write']>) {
    if (isThere(this.fd)) throw none()
    return Reflect.apply(write, this, call)
  } as FileHandle['write']
  syncBuiltinESMExports()
  return {
    [Symbol.dispose]: () => {
      fs.writeSync = writeSync
      handles.write = write
      syncBuiltinESMExports()
    },
  }
}
