/**
 * The acceptance examples of `spec/maildir.md` §21 that a session shows; `same` runs against real Courier too.
 *
 * The others in scope, by number: 1 to 12, 32 to 36, 55: `commands/maildirmake.test.ts` (each also against the original);
 * 17 to 20, 24: `quota.test.ts`; 25, 26: `file-names.test.ts`; 37 to 44: `keywords.test.ts`; 61: `dot-lock.test.ts`.
 * Not here: what this version does not have (13 to 16, 21 to 23, 31, 45 to 54, 56 to 60, 63).
 */
import {existsSync, readdirSync, readFileSync, utimesSync, writeFileSync} from 'node:fs'
import {hostname} from 'node:os'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {decodeUtf7, encodeUtf7} from '../../src/imap/mailbox-name.js'
import {FolderLock} from '../../src/maildir/dot-lock.js'
import {examplesOf} from '../support/example.js'
import {maildirContext, makeMaildir} from '../support/maildir-context.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'

const examples = suite('Examples of spec/maildir.md §21')
const {same, differs} = examplesOf(examples)

same('27 flags in the file name', {}, async ({imap, path}) => {
  writeFileSync(join(path, 'new/1000000001.M1P1.host'), 'Subject: x\n\nx\n')
  await imap.command('SELECT INBOX')
  await imap.command('STORE 1 FLAGS (\\Draft \\Answered \\Flagged \\Seen)')
  assert.equal(readdirSync(join(path, 'cur')), ['1000000001.M1P1.host:2,DFRS'])
  await imap.command('STORE 1 FLAGS (\\Seen \\Draft \\Flagged \\Answered \\Deleted)')
  assert.equal(readdirSync(join(path, 'cur')), ['1000000001.M1P1.host:2,DFRST'])
})

for (const [encoded, text] of [
  ['R&AOk-sum&AOk-', 'Résumé'],
  ['A&-B', 'A&B'],
  ['&AOkA-', 'é'],
  ['&AOk', undefined],
  ['A&B', undefined],
] as const) {
  examples(`28 ${encoded} decodes to ${text ?? 'nothing'}`, () => assert.is(decodeUtf7(encoded), text))
}

for (const [text, encoded] of [
  ['é&è', '&AOk-&-&AOg-'],
  ['日本語', '&ZeVnLIqe-'],
  // Courier: cannot encode what is beyond the first 65,536 characters.
  ['🏕', '&2Dzf1Q-'],
] as const) {
  examples(`28 ${text} encodes to ${encoded}`, () => assert.is(encodeUtf7(text), encoded))
}

same('29 names of folders', {}, async ({imap, path}) => {
  await imap.transcript(`
    C: a CREATE "INBOX.R&AOk-x"
    S: a OK "INBOX.R&AOk-x" created.
    C: b CREATE "INBOX.a/b"
    S: b NO *Invalid mailbox name.
    C: c CREATE INBOX..foo
    S: c NO *Invalid mailbox name.
    C: d CREATE foo
    S: d NO *Invalid mailbox name.
  `)
  assert.ok(existsSync(join(path, '.Réx')))
})
differs(
  '29 a name that cannot be decoded',
  {},
  `
    C: e CREATE "INBOX.x&y"
    # Courier: e NO Error in IMAP command received by server.
    S: e BAD *
  `,
)

// Courier: drops the connection.
differs(
  '30 a folder beyond the first 65,536 characters',
  {folders: ['.🏕']},
  `
    C: a LIST "" "INBOX.*"
    S: * LIST (\\HasNoChildren) "." "INBOX.&2Dzf1Q-"
    S: a OK LIST completed
  `,
)

// Courier: goes on after about 5 s.
differs('61 a lock of another host counts for two minutes', {}, async ({imap, path}) => {
  const lock = join(path, 'tmp/courier.lock')
  writeFileSync(lock, '1:otherhost')
  const old = Date.now() / 1000 - 121
  utimesSync(lock, old, old)
  assert.match((await imap.command('SELECT INBOX')).at(-1) ?? '', /^x OK /)
  assert.not.ok(existsSync(lock))
})

examples('62 the lock says who holds it', async () => {
  using directory = temporaryDirectory()
  const folder = makeMaildir(`${directory.path}/M`)
  const held = await new FolderLock(folder, maildirContext()).take({waitMs: 1000})
  assert.is(readFileSync(`${folder}/tmp/courier.lock`, 'utf8'), `${process.pid}:${hostname()}`)
  await held.release()
})

same('64 subscriptions', {}, async ({imap, path}) => {
  const file = join(path, 'courierimapsubscribed')
  for (let time = 0; time < 2; time += 1) await imap.command('SUBSCRIBE INBOX.Foo')
  assert.is(readFileSync(file, 'utf8'), 'INBOX.Foo\n')
  writeFileSync(file, 'inbox\n')
  await imap.command('SUBSCRIBE INBOX')
  assert.is(readFileSync(file, 'utf8'), 'inbox\n')
  await imap.command('UNSUBSCRIBE INBOX')
  assert.is(readFileSync(file, 'utf8'), '')
})

// Courier: the same without the response code, after 2 s.
differs('65 INBOX stays, however it is spelled', {inbox: ['x\n'], folders: ['.a']}, async ({imap, path}) => {
  for (const name of ['inbox', 'Inbox']) assert.equal(await imap.command(`DELETE ${name}`), ['x NO [CANNOT] Cannot delete this folder.'])
  assert.is(readdirSync(join(path, 'cur')).length, 1)
})

examples.run()
