/** One store for each Maildir of a process, whatever sessions call it: two would break each other's locks. */
import {renameSync, symlinkSync} from 'node:fs'
import * as assert from 'uvu/assert'
import {type FolderIndex, type MetadataIndex, NO_INDEX} from '../../src/maildir/index/metadata-index.js'
import {Mailstores} from '../../src/maildir/mailstores.js'
import {Fault} from '../../src/support/fault.js'
import {append, INBOX, makeFolder, storeEnvironment, TemporaryMaildir} from '../support/store.js'
import {suite} from '../support/suite.js'

const accounts = suite('Open accounts')

accounts('share their Maildir by whichever path, quota and settings', async () => {
  using maildir = new TemporaryMaildir()
  symlinkSync(maildir.path, `${maildir.home}/alias`)
  const env = storeEnvironment()
  const stores = [
    await new Mailstores(env).open({maildir: maildir.path, quota: undefined}),
    await new Mailstores(env).open({maildir: `${maildir.home}/alias/`, quota: '1000000S'}),
    await new Mailstores({...env, useLocks: false, keywordsMode: 2}).open({maildir: maildir.path, quota: undefined}),
  ]
  assert.is(new Set(stores).size, 1)
  const uids = await Promise.all(Array.from({length: 30}, (_, number) => append(stores[number % 3]!, INBOX, `Subject: ${number}\n\n`)))
  assert.is(new Set(uids.map(({uid}) => uid)).size, 30)
})

accounts('get new settings when the last session has ended', async () => {
  using maildir = new TemporaryMaildir()
  const env = storeEnvironment()
  const later = {...env, keywordsMode: 0 as const}
  const first = await new Mailstores(env).open({maildir: maildir.path, quota: undefined})
  const second = await new Mailstores(later).open({maildir: maildir.path, quota: undefined})
  assert.is(second, first)
  first.release()
  second.release()
  const third = await new Mailstores(later).open({maildir: maildir.path, quota: undefined})
  assert.is.not(third, first)
  await append(third, INBOX, 'Subject: x\n\n', {keywords: ['Blue']})
  const view = await third.select(INBOX, {readOnly: false})
  assert.equal(view.keywords, [])
  view.close()
})

accounts('have the quota of the newest session', async () => {
  using maildir = new TemporaryMaildir()
  const env = storeEnvironment()
  const store = await new Mailstores(env).open({maildir: maildir.path, quota: '1000000S'})
  await append(store, INBOX, 'Subject: x\n\n')
  await new Mailstores(env).open({maildir: maildir.path, quota: '5S'})
  try {
    await append(store, INBOX, 'Subject: y\n\n')
    assert.unreachable()
  } catch (error) {
    assert.ok(error instanceof Fault && error.code === 'over-quota', String(error))
  }
})

/** Counts the folders of its index that are open. */
class OpenFolders implements MetadataIndex {
  count = 0

  folder(): FolderIndex {
    this.count += 1
    const close = () => {
      this.count -= 1
    }
    return new Proxy(
      NO_INDEX.folder({account: '', device: 0n, inode: 0n}, () => undefined),
      {
        get: (folder, name) => (name === 'close' ? close : Reflect.get(folder, name)),
      },
    )
  }

  async close(): Promise<void> {}
}

accounts('whose Maildir was replaced keep nothing of the one before', async () => {
  using maildir = new TemporaryMaildir()
  const index = new OpenFolders()
  const stores = new Mailstores(storeEnvironment({index}))
  for (let time = 0; time < 3; time += 1) {
    const store = await stores.open({maildir: maildir.path, quota: undefined})
    const view = await store.select(INBOX, {readOnly: false})
    view.close()
    store.release()
    assert.is(index.count, 1)
    renameSync(maildir.path, `${maildir.path}.${time}`)
    makeFolder(maildir.path)
  }
})

accounts.run()
