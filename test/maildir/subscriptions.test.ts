import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import * as assert from 'uvu/assert'
import {subscribe, subscriptions, unsubscribe} from '../../src/maildir/subscriptions.js'
import {Fault} from '../../src/support/fault.js'
import {maildirContext, makeMaildir} from '../support/maildir-context.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'

const subscribed = suite('Subscriptions')
const context = maildirContext()

function account(below: string, content?: string) {
  const root = makeMaildir(`${below}/M`)
  const path = `${root}/courierimapsubscribed`
  if (content !== undefined) writeFileSync(path, content, 'latin1')
  return {root, path, read: () => readFileSync(path, 'latin1')}
}

subscribed('are none without a file', async () => {
  using directory = temporaryDirectory()
  const {root, path} = account(directory.path)
  assert.equal(await subscriptions(root, context), [])
  await unsubscribe(root, 'INBOX', context)
  assert.is(existsSync(path), false)
})

subscribed('are stored as they were given, each once', async () => {
  using directory = temporaryDirectory()
  const {root, read} = account(directory.path)
  for (const name of ['INBOX.Réx', 'inbox', 'INBOX', 'INBOX.Réx', 'inbox.Réx', '#shared.ann.Pub']) await subscribe(root, name, context)
  assert.is(read(), 'INBOX.R\xc3\xa9x\ninbox\n#shared.ann.Pub\n')
  assert.equal(await subscriptions(root, context), ['INBOX.Réx', 'inbox', '#shared.ann.Pub'])
  assert.equal(readdirSync(`${root}/tmp`), [])
})

subscribed('end whatever the case of INBOX', async () => {
  using directory = temporaryDirectory()
  const {root, read} = account(directory.path, 'inbox\nINBOX.a')
  await unsubscribe(root, 'INBOX', context)
  assert.is(read(), 'INBOX.a\n')
  await unsubscribe(root, 'InBox.a', context)
  assert.is(read(), '')
})

subscribed('keep lines that cannot be read', async () => {
  using directory = temporaryDirectory()
  const {root, read} = account(directory.path, 'INBOX.\xe9\n\nx')
  assert.equal(await subscriptions(root, context), ['x'])
  await subscribe(root, 'INBOX', context)
  assert.is(read(), 'INBOX.\xe9\n\nx\nINBOX\n')
})

for (const name of ['', 'a\nb', 'a\0b', 'a\ud800', 'x'.repeat(9000)]) {
  subscribed(`to ${JSON.stringify(name.slice(0, 10))} are refused`, async () => {
    using directory = temporaryDirectory()
    const {root} = account(directory.path)
    try {
      await subscribe(root, name, context)
      assert.unreachable()
    } catch (error) {
      assert.ok(error instanceof Fault && error.code === 'invalid-name')
    }
  })
}

subscribed.run()
