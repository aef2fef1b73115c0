import {existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync} from 'node:fs'
import {hostname} from 'node:os'
import {fileURLToPath} from 'node:url'
import * as assert from 'uvu/assert'
import {FolderLock, isDead} from '../../src/maildir/dot-lock.js'
import {Fault} from '../../src/support/fault.js'
import {maildirContext, makeMaildir} from '../support/maildir-context.js'
import {runProgram} from '../support/run-program.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'

const lock = suite('courier.lock')

async function isBusy(promise: Promise<unknown>): Promise<boolean> {
  try {
    await promise
    return false
  } catch (error) {
    if (error instanceof Fault && error.code === 'busy') return true
    throw error
  }
}

lock('says who holds it, and is gone when it is released', async () => {
  using directory = temporaryDirectory()
  const folder = makeMaildir(`${directory.path}/M`)
  const held = await new FolderLock(folder, maildirContext()).take({waitMs: 100})
  assert.is(readFileSync(`${folder}/tmp/courier.lock`, 'latin1'), `${process.pid}:${hostname()}`)
  assert.equal(readdirSync(`${folder}/tmp`), ['courier.lock'])
  await held.release()
  assert.equal(readdirSync(`${folder}/tmp`), [])
})

const context = {pid: 100, hostName: 'here', isAlive: (pid: number) => pid === 200}
for (const [content, ageMs, dead] of [
  ['200:here', 1e9, false],
  ['300:here', 0, true],
  ['100:here', 0, true],
  ['300:there', 119_000, false],
  ['300:there', 121_000, true],
  ['', 119_000, false],
  ['', 121_000, true],
  ['0:here', 119_000, false],
  ['0:here', 121_000, true],
  ['300:here\n', 119_000, false],
  ['-300:here', 119_000, false],
  ['99999999999999999999:here', 119_000, false],
  ['4294967295:here', 119_000, false],
  ['garbage', -5, false],
] as const) {
  lock(`${JSON.stringify(content)}, ${ageMs} ms old, is ${dead ? 'dead' : 'held'}`, () => {
    assert.is(isDead(content, ageMs, context), dead)
  })
}

lock('of a dead process is taken over', async () => {
  using directory = temporaryDirectory()
  const folder = makeMaildir(`${directory.path}/M`)
  writeFileSync(`${folder}/tmp/courier.lock`, `999999:${hostname()}`)
  const held = await new FolderLock(folder, {...maildirContext(), isAlive: () => false}).take({waitMs: 1000})
  await held.release()
})

lock('of another host is waited for, then the answer is "busy"', async () => {
  using directory = temporaryDirectory()
  const folder = makeMaildir(`${directory.path}/M`)
  writeFileSync(`${folder}/tmp/courier.lock`, '1:elsewhere')
  assert.ok(await isBusy(new FolderLock(folder, maildirContext()).take({waitMs: 50})))
  assert.equal(readdirSync(`${folder}/tmp`), ['courier.lock'])
  utimesSync(`${folder}/tmp/courier.lock`, new Date(), new Date(Date.now() - 121_000))
  await (await new FolderLock(folder, maildirContext()).take({waitMs: 1000})).release()
})

lock('that is no file is waited for, never followed', async () => {
  using directory = temporaryDirectory()
  const folder = makeMaildir(`${directory.path}/M`)
  symlinkSync('/nonexistent', `${folder}/tmp/courier.lock`)
  assert.ok(await isBusy(new FolderLock(folder, maildirContext()).take({waitMs: 30})))
  const other = makeMaildir(`${directory.path}/N`)
  mkdirSync(`${other}/tmp/courier.lock`)
  assert.ok(await isBusy(new FolderLock(other, maildirContext()).take({waitMs: 30})))
  const large = makeMaildir(`${directory.path}/O`)
  writeFileSync(`${large}/tmp/courier.lock`, `1:${hostname()}`.padEnd(5000, 'x'))
  assert.ok(await isBusy(new FolderLock(large, maildirContext()).take({waitMs: 30})))
})

lock('is taken as soon as it is free', async () => {
  using directory = temporaryDirectory()
  const folder = makeMaildir(`${directory.path}/M`)
  // Another process as far as the second one can see.
  const held = await new FolderLock(folder, maildirContext()).take({waitMs: 100})
  const second = new FolderLock(folder, {...maildirContext(), pid: 1, isAlive: () => true}).take({waitMs: 5000})
  await held.release()
  await (await second).release()
  assert.equal(readdirSync(`${folder}/tmp`), [])
})

lock('that another has taken over meanwhile is left to it', async () => {
  using directory = temporaryDirectory()
  const folder = makeMaildir(`${directory.path}/M`)
  const held = await new FolderLock(folder, maildirContext()).take({waitMs: 100})
  const second = await new FolderLock(folder, {...maildirContext(), pid: 1, isAlive: () => false}).take({waitMs: 1000})
  await held.release()
  assert.ok(existsSync(`${folder}/tmp/courier.lock`))
  await second.release()
})

lock('that is taken again and again is made of one file, and leaves none', async () => {
  using directory = temporaryDirectory()
  const folder = makeMaildir(`${directory.path}/M`)
  const again = new FolderLock(folder, maildirContext())
  const inodes = new Set<number>()
  for (let time = 0; time < 3; time += 1) {
    const held = await again.take({waitMs: 100, again: true})
    inodes.add(statSync(`${folder}/tmp/courier.lock`).ino)
    await held.release()
    assert.not.ok(existsSync(`${folder}/tmp/courier.lock`))
  }
  assert.is(inodes.size, 1)
  for (const name of readdirSync(`${folder}/tmp`)) rmSync(`${folder}/tmp/${name}`) // somebody tidies up
  await (await again.take({waitMs: 100, again: true})).release()
  await again.rest()
  assert.equal(readdirSync(`${folder}/tmp`), [])
})

lock('is never made of a file that others may take for a dead one', async () => {
  using directory = temporaryDirectory()
  const folder = makeMaildir(`${directory.path}/M`)
  let nowMs = Date.now()
  const again = new FolderLock(folder, {...maildirContext(), nowMs: () => nowMs})
  await (await again.take({waitMs: 100, again: true})).release()
  const [first = ''] = readdirSync(`${folder}/tmp`)
  nowMs += 60_000
  await (await again.take({waitMs: 100, again: true})).release()
  assert.not.ok(readdirSync(`${folder}/tmp`).includes(first))
  await again.rest()
})

lock('needs tmp', async () => {
  using directory = temporaryDirectory()
  try {
    await new FolderLock(directory.path, maildirContext()).take({waitMs: 100})
    assert.unreachable()
  } catch (error) {
    assert.ok(error instanceof Fault && error.code === 'io-error')
  }
})

lock('lets one of several processes in at a time', async () => {
  using directory = temporaryDirectory()
  const folder = makeMaildir(`${directory.path}/M`)
  writeFileSync(`${folder}/count`, '0')
  const script = fileURLToPath(new URL('../support/lock-process.js', import.meta.url))
  const results = await Promise.all([1, 2, 3].map(() => runProgram(process.execPath, [script, folder, '40'])))
  for (const {code, stderr} of results) assert.is(code, 0, stderr)
  assert.is(readFileSync(`${folder}/count`, 'latin1'), '120')
})

lock.run()
