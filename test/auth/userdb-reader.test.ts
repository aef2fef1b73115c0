import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {UserdbReader} from '../../src/auth/userdb/reader.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'
import {compile} from './support/scratch.js'

const reading = suite('Look-ups in the compiled userdb')

async function makeWithHome(source: string, home: string): Promise<void> {
  writeFileSync(source, `ann\thome=${home}|uid=1000|gid=1000\n`, {mode: 0o600})
  assert.equal(await compile(source), [])
}

async function homeOf(reader: UserdbReader): Promise<string | undefined> {
  const record = await reader.find('ann')
  return record?.fields.find(({name}) => name === 'home')?.value
}

reading('see what makeuserdb has put in place before they began, however many run already', async () => {
  using directory = temporaryDirectory()
  const source = join(directory.path, 'userdb')
  await makeWithHome(source, '/0')
  const reader = new UserdbReader({source, now: () => performance.now()})
  for (let round = 1; round <= 10; round += 1) {
    const before = [`/${round - 1}`, `/${round}`]
    const running = Array.from({length: 20}, () => homeOf(reader))
    const making = makeWithHome(source, `/${round}`)
    while (running.length < 60) {
      running.push(homeOf(reader))
      await new Promise((done) => setImmediate(done))
    }
    await making
    const after = Array.from({length: 20}, () => homeOf(reader))
    for (const home of await Promise.all(running)) assert.ok(before.includes(home ?? ''), `${home} is none of ${before}`)
    for (const home of await Promise.all(after)) assert.is(home, `/${round}`)
  }
  await reader.close()
})

reading.run()
