/** Files of the index are damaged in every way, at rest and under an open session; what the store says stays right. */
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {NO_INDEX} from '../../../src/maildir/index/metadata-index.js'
import {Mailstores} from '../../../src/maildir/mailstores.js'
import {covers} from '../../../src/maildir/metadata-need.js'
import type {FolderName, MetadataNeed, View} from '../../../src/maildir/types.js'
import {fillWithMail} from '../../support/indexed-mail.js'
import {randomNumbers} from '../../support/other-programs.js'
import {allNumbers, flatIndex, INBOX, isLong, LogLines, makeFolder, storeEnvironment, TemporaryMaildir} from '../../support/store.js'
import {suite} from '../../support/suite.js'

const damage = suite('Damaged index')

/** Ten thousand in the long form. */
const ROUNDS = isLong ? 20 : 1
const TIMES = isLong ? 500 : 300
const MESSAGES = 40
const NEEDS: readonly MetadataNeed[] = ['date', 'size', 'header', 'size and header', 'structure']
const FILES = ['view', 'log', 'records'] as const

/** Members of objects by name. */
function inOrder(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** All that a view tells about its messages. */
async function picture(view: View, need: MetadataNeed): Promise<string> {
  await view.refresh()
  view.updates({expunges: true})
  const lines: string[] = []
  for await (const batch of view.metadata(allNumbers(view), need)) {
    for (const {number, metadata} of batch) {
      const flags = `${view.uidOf(number)} ${view.flagsOf(number)} ${view.keywordsOf(number).join(' ')} ${metadata?.internalDateMs} ${metadata?.storedBytes}`
      const size = covers(need, 'size') ? metadata?.wireBytes : ''
      const header = covers(need, 'header') ? metadata?.header : ''
      lines.push(
        `${flags} ${size} ${header} ${need === 'structure' ? `${metadata?.isAscii} ${metadata?.envelope} ${metadata?.bodyStructure} ${JSON.stringify(metadata?.structure, inOrder)}` : ''}`,
      )
    }
  }
  return lines.join('\n')
}

type Random = (limit: number) => number

const DAMAGES: Readonly<Record<string, (path: string, random: Random, other: string) => void>> = {
  'flipped bits': (path, random) => {
    const octets = readFileSync(path)
    for (let times = 1 + random(4); times > 0 && octets.length > 0; times -= 1) {
      const at = random(octets.length)
      octets[at] = (octets[at] ?? 0) ^ (1 << random(8))
    }
    writeFileSync(path, octets)
  },
  'a stretch of zeros': (path, random) => {
    const octets = readFileSync(path)
    const at = random(octets.length + 1)
    octets.fill(0, at, at + random(5000))
    writeFileSync(path, octets)
  },
  'a cut end': (path, random) => truncateSync(path, random(readFileSync(path).length + 1)),
  'more at its end': (path, random) => appendFileSync(path, Buffer.alloc(1 + random(300), random(256))),
  'the file of another folder': (path, _random, other) => {
    if (existsSync(other)) cpSync(other, path)
  },
  'no file': (path) => rmSync(path),
  'a directory in its place': (path) => {
    rmSync(path)
    mkdirSync(path)
  },
  'a link in its place': (path) => {
    renameSync(path, `${path}.kept`)
    symlinkSync(`${path}.kept`, path)
  },
  'an older file': (path, _random, other) => {
    // `other` is swapped and swapped back: both are old then.
    if (!existsSync(other)) return
    renameSync(path, `${path}.swap`)
    renameSync(other, path)
    renameSync(`${path}.swap`, other)
  },
}

for (let round = 0; round < ROUNDS; round += 1)
  damage(`at rest and under an open session: answers stay right (${round})`, async () => {
    using maildir = new TemporaryMaildir()
    const directory = mkdtempSync(join(tmpdir(), 'courier-cache-'))
    try {
      makeFolder(join(maildir.path, '.Other'))
      fillWithMail(maildir, MESSAGES)
      fillWithMail(maildir, MESSAGES / 2, '.Other')
      const open = async (index: ReturnType<typeof flatIndex> | typeof NO_INDEX) => {
        const store = await new Mailstores(storeEnvironment({index})).open({maildir: maildir.path, quota: undefined})
        const [inbox, other] = [
          await store.select(INBOX, {readOnly: true}),
          await store.select('INBOX.Other' as FolderName, {readOnly: true}),
        ]
        return {inbox, other}
      }
      const plain = await open(NO_INDEX)
      const expected = new Map<string, string>()
      for (const need of NEEDS) {
        expected.set(`inbox ${need}`, await picture(plain.inbox, need))
        expected.set(`other ${need}`, await picture(plain.other, need))
      }
      const random = randomNumbers(42 + round)
      let highest = 0
      let index = flatIndex({directory})
      let views = await open(index)
      for (let times = 0; times < TIMES; times += 1) {
        const [account = ''] = readdirSync(directory).filter((name) => name !== 'CACHEDIR.TAG')
        const folders = readdirSync(join(directory, account)).filter((name) => name.includes('-'))
        const folder = folders[random(folders.length)] ?? ''
        const file = FILES[random(FILES.length)] ?? 'view'
        const path = join(directory, account, folder, file)
        const other = join(directory, account, folders.find((name) => name !== folder) ?? '', FILES[random(4)] ?? file)
        const kinds = Object.keys(DAMAGES)
        const kind = kinds[random(kinds.length)] ?? ''
        const atRest = random(2) === 0
        if (atRest) await index.close()
        else if (random(2) === 0) for (const view of Object.values(views)) await view.refresh()
        try {
          DAMAGES[kind]?.(path, random, other)
        } catch {
          // it is damaged in that way already
        }
        if (atRest) {
          for (const view of Object.values(views)) view.close()
          index = flatIndex({directory})
          views = await open(index)
        }
        for (const [name, view] of Object.entries(views)) {
          const need = NEEDS[random(NEEDS.length)] ?? 'size'
          const actual = await picture(view, need)
          if (actual !== expected.get(`${name} ${need}`))
            assert.is(actual, expected.get(`${name} ${need}`), `${kind} in ${file} of ${folder}`)
        }
        const {highestModseq} = views.inbox
        if (atRest && kind !== 'an older file')
          assert.ok(highestModseq >= highest, `HIGHESTMODSEQ went from ${highest} to ${highestModseq} (${kind} in ${file})`)
        highest = highestModseq
      }
      await index.close()
    } finally {
      rmSync(directory, {recursive: true, force: true})
    }
  })

damage('is logged, set aside, and made good', async () => {
  using maildir = new TemporaryMaildir()
  fillWithMail(maildir, 12)
  const directory = mkdtempSync(join(tmpdir(), 'courier-cache-'))
  try {
    const log = new LogLines()
    for (const round of [0, 1, 2]) {
      const index = flatIndex({directory, log})
      const store = await new Mailstores(storeEnvironment({index})).open({maildir: maildir.path, quota: undefined})
      const view = await store.select(INBOX, {readOnly: true})
      await picture(view, 'structure')
      await index.close()
      const [account = ''] = readdirSync(directory).filter((name) => name !== 'CACHEDIR.TAG')
      const [folder = ''] = readdirSync(join(directory, account)).filter((name) => name.includes('-'))
      const files = readdirSync(join(directory, account, folder))
      if (round === 0) writeFileSync(join(directory, account, folder, 'view'), 'garbage')
      else {
        assert.ok(files.includes('view.damaged') && files.includes('view'))
        assert.is(log.lines.filter((line) => line.startsWith('index.damaged')).length, 1)
      }
    }
  } finally {
    rmSync(directory, {recursive: true, force: true})
  }
})

damage.run()
