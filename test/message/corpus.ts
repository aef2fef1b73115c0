import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {join, resolve} from 'node:path'

/** Where the mail corpus is; undefined when it is absent. */
export function corpusFolder(): string | undefined {
  return [process.env.COURIER_CORPUS, resolve('../shared/corpus'), resolve('../../shared/corpus')].find(
    (folder): folder is string => folder !== undefined && existsSync(folder),
  )
}

/** All messages of the corpus with their names. */
export function* corpus(): Generator<{name: string; octets: Buffer}> {
  const folder = corpusFolder()
  if (!folder) return
  for (const name of readdirSync(folder, {recursive: true, encoding: 'utf8'}).sort()) {
    if (name.endsWith('.eml')) yield {name, octets: readFileSync(join(folder, name))}
  }
}
