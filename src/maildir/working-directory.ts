import {isMainThread} from 'node:worker_threads'

/** Where the process was before the first task; it is there again after each one. */
let home: string | undefined

/** `chdir` of node takes no octets above 0x7F as they are. */
const IN_ASCII = /^\/[\x01-\x7f]*$/

function enter(directory: string): boolean {
  // A worker cannot change what belongs to the whole process.
  if (!isMainThread || !IN_ASCII.test(directory)) return false
  try {
    home ??= process.cwd()
    process.chdir(directory)
    return true
  } catch {
    return false
  }
}

function leave(): void {
  try {
    process.chdir(home ?? '/')
  } catch {
    home = '/' // the other one is gone, or closed to the user that the process has become
    process.chdir(home)
  }
}

/**
 * Runs `task`, which calls the kernel for many names in a directory, within that directory: the kernel then need not walk
 * down the same path for each name, which is a tenth of what a rename takes. `task` gets what is to be put before a name.
 *
 * It must not wait for anything: the working directory belongs to the process. Nothing else may depend on it: all other
 * paths that a server gives to the kernel are absolute.
 */
export function within<T>(directory: string, task: (prefix: string) => T): T {
  if (!enter(directory)) return task(`${directory}/`)
  try {
    return task('')
  } finally {
    leave()
  }
}
