import {existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync} from 'node:fs'
import * as assert from 'uvu/assert'
import {FolderLock} from '../../src/maildir/dot-lock.js'
import {folderName} from '../../src/maildir/folder-names.js'
import {createFolder, deleteFolder, folderExists, listFolders, renameFolder} from '../../src/maildir/folder-tree.js'
import {Fault, type FaultCode} from '../../src/support/fault.js'
import {maildirContext, makeMaildir} from '../support/maildir-context.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'

const folders = suite('Folders')
const context = {...maildirContext(), trashFolder: 'Trash'}
const {files} = context
const FOLDERS = 5_000
/** In one go they take at least twice as long. */
const LONGEST_TURN_MICROSECONDS = 60_000

async function refuses(code: FaultCode, promise: Promise<unknown>): Promise<void> {
  try {
    await promise
  } catch (error) {
    assert.ok(error instanceof Fault, String(error))
    assert.is(error.code, code, error.message)
    return
  }
  assert.unreachable(`expected ${code}`)
}

/** An account with these folders, each with a message. */
function account(below: string, names: readonly string[] = []): string {
  const root = makeMaildir(`${below}/M`)
  for (const name of names) {
    makeMaildir(`${root}/${name}`)
    writeFileSync(`${root}/${name}/cur/1.x:2,`, name)
  }
  return root
}

const mode = (path: string) => statSync(path).mode & 0o7777
const dots = (root: string) =>
  readdirSync(root)
    .filter((name) => name.startsWith('.'))
    .sort()

folders('are made with their mark', async () => {
  using directory = temporaryDirectory()
  const root = account(directory.path)
  await createFolder(root, folderName('INBOX.Réx.a'), files)
  assert.equal(readdirSync(`${root}/.Réx.a`).sort(), ['cur', 'maildirfolder', 'new', 'tmp'])
  for (const name of ['', '/cur', '/new', '/tmp']) assert.is(mode(`${root}/.Réx.a${name}`), 0o700)
  assert.is(mode(`${root}/.Réx.a/maildirfolder`), 0o600)
  assert.is(statSync(`${root}/.Réx.a/maildirfolder`).size, 0)
  assert.is(folderExists(root, folderName('INBOX.Réx'), files), false)
  assert.is(folderExists(root, folderName('INBOX.Réx.a'), files), true)
})

folders('that exist, or cannot, are refused', async () => {
  using directory = temporaryDirectory()
  const root = account(directory.path, ['.a'])
  await refuses('mailbox-exists', createFolder(root, folderName('INBOX.a'), files))
  await refuses('mailbox-exists', createFolder(root, folderName('inbox'), files))
  await refuses('invalid-name', createFolder(root, folderName('INBOX.a\x01'), files))
  await refuses('io-error', createFolder(`${root}/none`, folderName('INBOX.a'), files))
  writeFileSync(`${root}/.file`, '')
  await refuses('mailbox-exists', createFolder(root, folderName('INBOX.file'), files))
})

folders('half made are completed', async () => {
  using directory = temporaryDirectory()
  const root = account(directory.path)
  mkdirSync(`${root}/.a`)
  mkdirSync(`${root}/.a/tmp`)
  await createFolder(root, folderName('INBOX.a'), files)
  assert.equal(readdirSync(`${root}/.a`).sort(), ['cur', 'maildirfolder', 'new', 'tmp'])
})

folders('are the directories with a dot and "cur"', async () => {
  using directory = temporaryDirectory()
  const root = account(directory.path, ['.b', '.a.b', '.🏕'])
  writeFileSync(`${root}/.afile`, '')
  mkdirSync(`${root}/.nocur`)
  mkdirSync(`${root}/plain`)
  symlinkSync('.b', `${root}/.link`)
  const bad = Buffer.concat([Buffer.from(`${root}/.`), Buffer.from([0xe9])])
  mkdirSync(bad)
  mkdirSync(Buffer.concat([bad, Buffer.from('/cur')]))
  const list = await listFolders(root, files)
  assert.is(list.folders[0], 'INBOX')
  assert.equal(list.folders.slice(1).sort(), ['INBOX.a.b', 'INBOX.b', 'INBOX.link', 'INBOX.🏕'])
  assert.equal(list.unnameable, ['.\xe9'])
})

folders('are deleted with their messages, without those below', async () => {
  using directory = temporaryDirectory()
  const root = account(directory.path, ['.a', '.a.b', '.ab'])
  mkdirSync(`${root}/.a/courierimapkeywords`)
  writeFileSync(`${root}/.a/courierimapkeywords/:list`, '\n')
  writeFileSync(`${root}/.a/courierimapacl`, 'owner aceilrstwx\n')
  symlinkSync(`${root}/.ab`, `${root}/.a/link`)
  await deleteFolder(root, folderName('INBOX.a'), context)
  assert.equal(dots(root), ['.a.b', '.ab'])
  assert.is(readFileSync(`${root}/.ab/cur/1.x:2,`, 'latin1'), '.ab')
  assert.is(readFileSync(`${root}/courierimaphieracl/a`, 'latin1'), 'owner aceilrstwx\n')
})

folders('INBOX, in whatever case, and the trash stay', async () => {
  using directory = temporaryDirectory()
  const root = account(directory.path, ['.Trash', '.Trash.x'])
  for (const name of ['INBOX', 'inbox', 'Inbox', 'INBOX.Trash', 'inbox.Trash']) {
    await refuses('mailbox-reserved', deleteFolder(root, folderName(name), context))
    await refuses('mailbox-reserved', renameFolder(root, folderName(name), folderName('INBOX.y'), context))
  }
  assert.equal(readdirSync(root).sort(), ['.Trash', '.Trash.x', 'cur', 'new', 'tmp'])
  await deleteFolder(root, folderName('INBOX.Trash.x'), context)
  assert.equal(dots(root), ['.Trash'])
})

folders('that are not there, or links, are not deleted', async () => {
  using directory = temporaryDirectory()
  const root = account(directory.path, ['.b'])
  symlinkSync('.b', `${root}/.link`)
  mkdirSync(`${directory.path}/other`)
  symlinkSync('.', `${root}/.self`)
  writeFileSync(`${root}/.file`, '')
  await refuses('no-such-mailbox', deleteFolder(root, folderName('INBOX.x'), context))
  await refuses('no-such-mailbox', deleteFolder(root, folderName('INBOX.file'), context))
  await refuses('no-access', deleteFolder(root, folderName('INBOX.link'), context))
  await refuses('no-access', deleteFolder(root, folderName('INBOX.self'), context))
  assert.ok(existsSync(`${root}/.b/cur/1.x:2,`))
  assert.ok(lstatSync(`${root}/.link`).isSymbolicLink())
})

folders('move with all below them and their rights', async () => {
  using directory = temporaryDirectory()
  const root = account(directory.path, ['.P', '.P.Kid', '.P.Kid.x', '.Px', '.other'])
  mkdirSync(`${root}/courierimaphieracl`)
  for (const name of ['P', 'P.v', 'Px']) writeFileSync(`${root}/courierimaphieracl/${name}`, name)
  const plan = await renameFolder(root, folderName('INBOX.P'), folderName('INBOX.Q.R'), context)
  assert.equal(dots(root), ['.Px', '.Q.R', '.Q.R.Kid', '.Q.R.Kid.x', '.other'])
  assert.equal(readdirSync(`${root}/courierimaphieracl`).sort(), ['Px', 'Q.R', 'Q.R.v'])
  assert.equal(
    plan?.folders.map(({from, to}) => `${from} ${to}`),
    ['INBOX.P INBOX.Q.R', 'INBOX.P.Kid INBOX.Q.R.Kid', 'INBOX.P.Kid.x INBOX.Q.R.Kid.x'],
  )
})

folders('move by the thousand in turn with other work', async () => {
  using directory = temporaryDirectory()
  const root = account(directory.path, ['.a'])
  for (let number = 0; number < FOLDERS; number += 1) mkdirSync(`${root}/.a.${number}/cur`, {recursive: true})
  /** Processor time between two turns of the event loop, microseconds. */
  let longest = 0
  let last = process.cpuUsage()
  let timer: NodeJS.Immediate
  const turn = () => {
    const {user, system} = process.cpuUsage(last)
    longest = Math.max(longest, user + system)
    last = process.cpuUsage()
    timer = setImmediate(turn)
  }
  timer = setImmediate(turn)
  await renameFolder(root, folderName('INBOX.a'), folderName('INBOX.b'), context)
  clearImmediate(timer)
  assert.is(dots(root).filter((name) => name.startsWith('.b')).length, FOLDERS + 1)
  assert.ok(longest < LONGEST_TURN_MICROSECONDS, `${longest} µs`)
})

folders('that exist only through those below them move as well', async () => {
  using directory = temporaryDirectory()
  const root = account(directory.path, ['.z.b'])
  await renameFolder(root, folderName('INBOX.z'), folderName('INBOX.y'), context)
  assert.equal(dots(root), ['.y.b'])
})

folders('are not moved when it cannot be done', async () => {
  using directory = temporaryDirectory()
  const root = account(directory.path, ['.a', '.a.b', '.c.b', `.a.${'x'.repeat(200)}`])
  const before = dots(root)
  await refuses('mailbox-exists', renameFolder(root, folderName('INBOX.a'), folderName('INBOX.c'), context))
  await refuses('mailbox-exists', renameFolder(root, folderName('INBOX.a'), folderName('INBOX.a'), context))
  await refuses('invalid-name', renameFolder(root, folderName('INBOX.a'), folderName('INBOX.a.q'), context))
  await refuses('invalid-name', renameFolder(root, folderName('INBOX.a'), folderName(`INBOX.${'y'.repeat(80)}`), context))
  await refuses('mailbox-reserved', renameFolder(root, folderName('INBOX.a'), folderName('INBOX'), context))
  await refuses('no-such-mailbox', renameFolder(root, folderName('INBOX.none'), folderName('INBOX.q'), context))
  assert.equal(dots(root), before)
})

folders('moved before a failure are moved back', async () => {
  using directory = temporaryDirectory()
  const root = account(directory.path, ['.a', '.a.b', '.a.c'])
  const own = maildirContext().files
  const rename = own.rename.bind(own)
  own.rename = async (from, to) => {
    if (to.endsWith('.q.c')) throw Object.assign(new Error('EACCES: permission denied'), {code: 'EACCES'})
    await rename(from, to)
  }
  await refuses('no-access', renameFolder(root, folderName('INBOX.a'), folderName('INBOX.q'), {...context, files: own}))
  assert.equal(dots(root), ['.a', '.a.b', '.a.c'])
})

folders('a folder that is moved while this process has its lock leaves none behind, and the lock of another stays', async () => {
  using directory = temporaryDirectory()
  const root = account(directory.path, ['.a', '.a.b'])
  const held = await new FolderLock(`${root}/.a`, context).take({waitMs: 0})
  writeFileSync(`${root}/.a.b/tmp/courier.lock`, `1:${context.hostName}`)
  await renameFolder(root, folderName('INBOX.a'), folderName('INBOX.q'), context)
  await held.release()
  assert.ok(!existsSync(`${root}/.q/tmp/courier.lock`))
  assert.is(readFileSync(`${root}/.q.b/tmp/courier.lock`, 'utf8'), `1:${context.hostName}`)
})

folders.run()
