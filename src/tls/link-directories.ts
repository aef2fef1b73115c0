import {readlink} from 'node:fs/promises'
import {dirname, resolve} from 'node:path'

const MAX_HOPS = 8

/**
 * The directories in which a path may get another meaning: its own, and those of the links that it leads through
 * (certbot exchanges a link two directories away).
 */
export async function linkDirectories(path: string): Promise<string[]> {
  const found: string[] = []
  let here = resolve(path)
  for (let hop = 0; hop < MAX_HOPS; hop += 1) {
    found.push(dirname(here))
    const target = await readlink(here).catch(() => undefined)
    if (target === undefined) break
    here = resolve(dirname(here), target)
  }
  return found
}
