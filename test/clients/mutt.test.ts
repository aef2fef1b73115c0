import {existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {isInstalled, runProgram} from '../support/run-program.js'
import {ServedMaildir} from '../support/served-maildir.js'
import {makeFolder} from '../support/store.js'
import {suite} from '../support/suite.js'

const mutt = suite('mutt', {limitMs: 30_000})

const installed = isInstalled('/usr/bin/mutt') && isInstalled('/usr/bin/script')
const test = mutt.when(installed, 'mutt or script is not installed')

type Way = (server: ServedMaildir) => {readonly url: string; readonly settings: readonly string[]}

const WAYS: Record<string, Way> = {
  'in clear': ({port}) => ({url: `imap://localhost:${port}/`, settings: ['set ssl_starttls=no', 'unset ssl_force_tls']}),
  'with STARTTLS': ({port}) => ({url: `imap://localhost:${port}/`, settings: ['set ssl_starttls=yes', 'set ssl_force_tls=yes']}),
  'with TLS and a header cache': ({tlsPort}) => ({url: `imaps://localhost:${tlsPort}/`, settings: ['set header_cache=~/cache/']}),
}

/** Writes the settings; answers how to run it. */
function prepare(server: ServedMaildir, way: Way): string {
  const {home} = server.maildir
  const {url, settings} = way(server)
  writeFileSync(join(home, 'certificate.pem'), server.certificatePem)
  mkdirSync(join(home, 'cache'), {recursive: true})
  const lines = [
    'set imap_user=tester imap_pass=pass',
    `set folder="${url}" spoolfile="${url}INBOX" certificate_file="${home}/certificate.pem"`,
    'set quit=yes delete=yes move=no confirmappend=no confirmcreate=no copy=yes wait_key=no mark_old=no timeout=1 imap_check_subscribed=yes',
    'set record="=INBOX.Sent" postponed="=INBOX.Drafts" sendmail=/bin/true from=tester@example.org hostname=example.org',
    'set pager_stop=yes prompt_after=no charset=utf-8 send_charset=utf-8 sleep_time=0 resolve=no beep=no abort_nosubject=no',
    ...settings,
  ]
  writeFileSync(join(home, 'muttrc'), `${lines.join('\n')}\n`)
  return `mutt -n -F ${home}/muttrc`
}

/** Runs it on a terminal with these keys. */
async function keys(server: ServedMaildir, program: string, pressed: string): Promise<string> {
  const {home} = server.maildir
  writeFileSync(join(home, 'keys'), `push "${pressed}"\n`)
  const {code, stdout} = await runProgram('timeout', ['15', 'script', '-qec', `${program} -e 'source ${home}/keys'`, '/dev/null'], {
    env: {HOME: home, TERM: 'xterm', LINES: '30', COLUMNS: '100', LC_ALL: 'C.UTF-8'},
  })
  assert.is(code, 0, stdout.slice(-2_000))
  return stdout
}

/** Subjects and flags of a folder's messages. */
function shown(server: ServedMaildir, folder: string): string[] {
  const path = join(server.maildir.path, folder)
  return ['cur', 'new']
    .flatMap((part) => readdirSync(join(path, part)).map((name) => [join(path, part, name), /:2,([A-Z]*)/.exec(name)?.[1] ?? ''] as const))
    .map(([file, flags]) => `${/^Subject: (.*)$/m.exec(readFileSync(file, 'latin1'))?.[1]} ${flags}`.trim())
    .sort()
}

for (const [kind, way] of Object.entries(WAYS)) {
  test(`lists, opens, flags, copies, moves, deletes and makes folders, ${kind}`, async () => {
    await using server = await ServedMaildir.start()
    for (const name of ['.Archiv', '.Trash']) makeFolder(join(server.maildir.path, name))
    for (let i = 1; i <= 9; i++) {
      server.maildir.put(
        `cur/${1_700_000_000 + i}.M${i}P1.x:2,`,
        `From: a@example.org\nSubject: m${i}\nDate: Mon, 13 Nov 2023 10:00:0${i} +0000\n\nText ${i}\n`,
      )
    }
    const program = prepare(server, way)
    const screen = await keys(
      server,
      program,
      [
        '<jump>2<enter><flag-message>',
        '<jump>3<enter><delete-message>',
        '<jump>4<enter><display-message><exit>',
        '<tag-pattern>~s m[56]<enter><tag-prefix><copy-message>=INBOX.Archiv<enter><untag-pattern>~A<enter>',
        '<jump>7<enter><save-message>=INBOX.Trash<enter>',
        '<jump>8<enter><copy-message>=INBOX.new<enter>',
        `<jump>9<enter><pipe-message>cat >${server.maildir.home}/piped<enter>`,
        '<sync-mailbox><limit>~b nothing<enter><limit>~A<enter>',
        '<quit>',
      ].join(''),
    )
    assert.match(screen, /m1/)
    assert.equal(shown(server, ''), ['m1', 'm2 F', 'm4 S', 'm5', 'm6', 'm8', 'm9'])
    assert.equal(shown(server, '.Archiv'), ['m5', 'm6'])
    assert.match(shown(server, '.Trash').join(), /^m7/)
    assert.ok(existsSync(join(server.maildir.path, '.new')), 'made by copying into it')
    assert.match(readFileSync(join(server.maildir.home, 'piped'), 'utf8'), /Text 9/)
    // A second session sees the same; a search of bodies is done by the server.
    await keys(server, program, "<limit>=b 'Text 5'<enter><flag-message><limit>~A<enter><quit>")
    const again = shown(server, '')
    assert.ok(again.includes('m5 F'), again.join())
    await keys(server, program, '<change-folder>=INBOX.Archiv<enter><delete-pattern>~A<enter><sync-mailbox><quit>')
    assert.equal(shown(server, '.Archiv'), [])
  })
}

test('saves what it sends to a mailbox, with non-ASCII text', async () => {
  await using server = await ServedMaildir.start()
  for (const name of ['.Sent', '.Grüße an alle']) makeFolder(join(server.maildir.path, name))
  const program = prepare(server, WAYS['in clear'] as Way)
  const home = {HOME: server.maildir.home, LC_ALL: 'C.UTF-8'}
  for (const [subject, more] of [
    ['Hello', ''],
    ['Größe', `-e 'set record="=INBOX.Grüße an alle"'`],
  ]) {
    const {code, stderr} = await runProgram('sh', ['-c', `${program} ${more} -s ${subject} b@example.org`], {
      env: home,
      input: 'Schöne Grüße\nEnd\n',
    })
    assert.is(code, 0, stderr)
  }
  assert.equal(shown(server, '.Sent'), ['Hello S'])
  assert.match(shown(server, '.Grüße an alle').join(), /^=\?utf-8\?.* S$/)
})

test('browses folders: subscribes, makes, renames and removes them', async () => {
  await using server = await ServedMaildir.start()
  for (const name of ['.one', '.two', '.three', '.three.deep']) makeFolder(join(server.maildir.path, name))
  const program = `${prepare(server, WAYS['in clear'] as Way)} -e 'set folder=imap://localhost:${server.port}/INBOX.'`
  await keys(
    server,
    program,
    '<change-folder>?<create-mailbox><kill-line>INBOX.made<enter><search>made<enter><subscribe>' +
      '<search>one<enter><rename-mailbox><kill-line>INBOX.first<enter><search>two<enter><delete-mailbox>y<exit><quit>',
  )
  const folders = readdirSync(server.maildir.path).filter((name) => name.startsWith('.'))
  assert.equal(folders.sort(), ['.first', '.made', '.three', '.three.deep'])
  assert.match(readFileSync(join(server.maildir.path, 'courierimapsubscribed'), 'utf8'), /^INBOX\.made$/m)
})

mutt.run()
