import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {join, resolve} from 'node:path'

/** Folder with the mail for parser tests; undefined where it is absent. `COURIER_CORPUS` names another place. */
export const corpusFolder: string | undefined = [
  process.env.COURIER_CORPUS,
  resolve('../shared/corpus'),
  resolve('../../shared/corpus'),
].find((folder) => folder !== undefined && existsSync(folder))

/** Names of all messages of the corpus, sorted. */
export function corpusNames(): string[] {
  if (!corpusFolder) return []
  return readdirSync(corpusFolder, {recursive: true, encoding: 'utf8'})
    .filter((name) => name.endsWith('.eml'))
    .sort()
}

/** A message as it is stored: without CR (`spec/imap.md` §12.8). */
export function storedMessage(name: string): Buffer {
  const raw = readFileSync(join(corpusFolder ?? '', name)).toString('latin1')
  return Buffer.from(raw.replaceAll('\r', ''), 'latin1')
}
