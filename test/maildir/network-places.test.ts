/** Maildirs on other machines: what may wait for the network waits in the thread pool. */
import * as assert from 'uvu/assert'
import {NetworkPlaces} from '../../src/maildir/network-places.js'
import {NodeFiles} from '../../src/maildir/node-files.js'
import {FLAG} from '../../src/maildir/types.js'
import {allNumbers, append, INBOX, openStore, TemporaryMaildir} from '../support/store.js'
import {suite} from '../support/suite.js'

const network = suite('Network file systems')

network('all that is below a directory on another machine is there as well', async () => {
  const places = new NetworkPlaces({isNetwork: async (path) => path === '/net/home'})
  assert.is(places.has('/net/home/a'), false)
  await places.find('/net/home', '/net/home')
  await places.find('/local', '/local')
  for (const [path, isRemote] of [
    ['/net/home', true],
    ['/net/home/a/Maildir/cur', true],
    ['/net/home2', false],
    ['/net', false],
    ['/local/net/home', false],
    ['', false],
  ] as const)
    assert.is(places.has(path), isRemote, path)
})

network('a directory on this machine is asked for once; one that cannot be asked is no reason to fail', async () => {
  let asked = 0
  const places = new NetworkPlaces({
    isNetwork: async (path) => {
      asked += 1
      if (path === '/gone') throw new Error('ENOENT')
      return false
    },
  })
  await places.find('/local', '/local')
  assert.is(places.find('/local', '/local'), undefined)
  await places.find('/gone', '/gone')
  assert.is(places.has('/gone'), false)
  assert.is(asked, 2)
})

network('nothing but look-ups that were asked for before runs on the loop', async () => {
  using maildir = new TemporaryMaildir()
  for (let number = 0; number < 5; number += 1) maildir.put(`cur/${1000 + number}.M1P1.host,S=20:2,`)
  const files = new NodeFiles({isNetwork: async () => true})
  assert.is(files.reach(maildir.path) instanceof Promise, true)
  const store = await openStore(maildir, {files})
  assert.is(files.isLocal(maildir.path), false)
  const view = await store.select(INBOX, {readOnly: false})
  const renamed = files.rename(`${maildir.path}/cur/1000.M1P1.host,S=20:2,`, `${maildir.path}/cur/1000.M1P1.host,S=20:2,S`)
  assert.ok(process.getActiveResourcesInfo().some((resource) => resource.startsWith('FSReq')))
  await renamed
  await view.refresh()
  assert.is(view.flagsOf(allNumbers(view)[0]!), FLAG.seen)
  await view.store(allNumbers(view), {mode: 'add', flags: FLAG.deleted, keywords: ['Blue']})
  await append(store, INBOX, 'Subject: new\n\nx\n')
  using message = await view.open(allNumbers(view)[1]!)
  assert.ok(message?.whole)
  await view.expunge()
  await view.refresh()
  view.updates({expunges: true})
  assert.is(view.size, 1)
  view.close()
})

network.run()
