/** Child process: changes keywords of its own messages again and again. Arguments: folder, prefix of the messages, rounds. */
import {FolderKeywords} from '../../src/maildir/keywords/folder-keywords.js'
import {maildirContext} from './maildir-context.js'

const [folder = '', prefix = '', rounds = '0'] = process.argv.slice(2)
const keywords = new FolderKeywords(folder, maildirContext())
const options = {exists: () => true, consolidate: true}
for (let round = 0; round < Number(rounds); round += 1) {
  const bases = Array.from({length: 5}, (_, index) => `${prefix}${(round + index) % 10}`)
  await keywords.change(bases, {mode: 'replace', keywords: [`${prefix}${round}`]}, options)
  if (round % 3 === 0) await keywords.load(options)
}
