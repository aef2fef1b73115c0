import {readdir, readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {setFlagsFromString} from 'node:v8'
import {Script} from 'node:vm'
import {replaceFile} from '../support/atomic-file.js'

/** What a bundle begins with and its code must have too: `bin/bundle.js` writes another one for each text. */
const ID_OCTETS = 32

/**
 * Writes the compiled code of each tool's bundle beside it, for this Node: a tool that runs for a moment spends half of its
 * time compiling. Another version of Node sees that it is not its own, and compiles. Where nothing may be written, nothing is.
 */
export async function prepareTools(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => [])
  for (const name of names.filter((each) => each.endsWith('.cjs'))) {
    const path = join(directory, name)
    const text = await readFile(path, 'latin1')
    const code = Buffer.concat([Buffer.from(text.slice(0, ID_OCTETS), 'latin1'), compiled(text, path)])
    const target = {path: `${path}.code`, temporary: `${path}.code.tmp`, mode: 0o644}
    await replaceFile(target, (file) => file.writeFile(code)).catch(() => undefined)
  }
}

/** All functions, also those that would be compiled when they are first called. */
function compiled(text: string, filename: string): Buffer {
  setFlagsFromString('--no-lazy')
  try {
    const script = new Script(text, {filename})
    // Code is taken only under the flags that it was written under.
    setFlagsFromString('--lazy')
    return script.createCachedData()
  } finally {
    setFlagsFromString('--lazy')
  }
}
