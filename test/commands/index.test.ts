import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {indexDirectory} from '../../src/services/index/index-directory.js'
import {flatIndexAt} from '../../src/services/index/make-index.js'
import {dropIndex, indexText, showIndex} from '../../src/services/index/show-index.js'
import {warmIndex} from '../../src/services/index/warm-index.js'
import {fillWithMail} from '../support/indexed-mail.js'
import {LogLines, makeFolder, TemporaryMaildir} from '../support/store.js'
import {suite} from '../support/suite.js'

const index = suite('courier index')

function place(cache: string) {
  return {config: '/nonexistent', cache, env: {}}
}

async function withMail(use: (maildir: TemporaryMaildir, cache: string) => Promise<void>): Promise<void> {
  using maildir = new TemporaryMaildir()
  const cache = mkdtempSync(join(tmpdir(), 'courier-cache-'))
  try {
    fillWithMail(maildir, 15)
    makeFolder(join(maildir.path, '.Sub'))
    fillWithMail(maildir, 5, '.Sub')
    await use(maildir, cache)
  } finally {
    rmSync(cache, {recursive: true, force: true})
  }
}

index('warm reads all folders with progress, show tells them, drop deletes them', async () => {
  await withMail(async (maildir, cache) => {
    const progress: string[] = []
    const target = maildir.path
    const result = await warmIndex({
      ...place(cache),
      target,
      onProgress: ({folder, done, messages}) => progress.push(`${folder} ${done}/${messages}`),
    })
    assert.equal(result, {maildir: target, folders: 2, messages: 20})
    assert.equal(progress, ['INBOX 15/15', 'INBOX.Sub 5/5'])
    const [shown, ...others] = await showIndex({...place(cache), target: undefined})
    assert.is(others.length, 0)
    assert.is(shown?.maildir, target)
    assert.is(shown?.folders, 2)
    assert.ok((shown?.bytes ?? 0) > 5000)
    assert.match(indexText(await showIndex({...place(cache), target})), /: 2 folders, 0\.\d MiB, written \d{4}-/)
    let reason = ''
    await dropIndex({...place(cache), target: undefined, all: false}).catch((error: Error) => {
      reason = error.message
    })
    assert.match(reason, /or give --all/)
    assert.is((await dropIndex({...place(cache), target, all: false})).length, 1)
    assert.is(indexText(await showIndex({...place(cache), target: undefined})), 'Nothing is indexed.\n')
  })
})

index('warm leaves the index of an account alone that a server has open', async () => {
  await withMail(async (maildir, cache) => {
    const server = flatIndexAt(indexDirectory(cache, process.geteuid?.() ?? 0), new LogLines())
    assert.ok(server.mayWrite(maildir.path))
    let code = ''
    await warmIndex({...place(cache), target: maildir.path, onProgress: () => {}}).catch((error: {code: string}) => {
      code = error.code
    })
    assert.is(code, 'busy')
    await server.close()
  })
})

index('says what is no Maildir', async () => {
  await withMail(async (maildir, cache) => {
    let reason = ''
    await showIndex({...place(cache), target: `${maildir.home}/none`}).catch((error: Error) => {
      reason = error.message
    })
    assert.match(reason, /is no Maildir/)
  })
})

index.run()
