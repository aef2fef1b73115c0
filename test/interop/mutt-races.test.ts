/** mutt, which takes no lock, and a session of ours at work on one Maildir at the same time. */
import {tmpdir} from 'node:os'
import * as assert from 'uvu/assert'
import {isLong} from '../support/is-long.js'
import {Ledger, work} from '../support/ledger.js'
import {isInstalled, runProgram} from '../support/run-program.js'
import {INBOX, openStore, TemporaryMaildir, TMPFS} from '../support/store.js'
import {suite} from '../support/suite.js'

const SECONDS = isLong ? 60 : 4
const MESSAGES = isLong ? 5_000 : 500
/** Messages that mutt deletes have this in their names and subjects, with the number of the run that does it. */
const DOOMED = 'doomed'

const races = suite('mutt at the same time', {limitMs: isLong ? 200_000 : 40_000})
const installed = isInstalled('/usr/bin/mutt') && isInstalled('/usr/bin/script')

const SETTINGS =
  'set delete=yes quit=yes move=no mark_old=no wait_key=no timeout=1 sleep_time=0 beep=no sort=mailbox-order pager_stop=yes check_new=yes'

/** Flags a range, deletes what is for this run, unflags the range, each followed by a sync. */
function keys(run: number): string {
  const from = 1 + ((run * 61) % (MESSAGES - 120))
  const toggle = `<tag-pattern>~m ${from}-${from + 100}<enter><tag-prefix><flag-message><untag-pattern>~A<enter><sync-mailbox>`
  return `${toggle}<delete-pattern>~s ${DOOMED}-${run % 40}-<enter><sync-mailbox>${toggle}${toggle}<exit>`
}

/** Runs mutt again and again; answers how often it came to its end. */
async function muttAtWork(path: string, isRunning: () => boolean): Promise<number> {
  let ended = 0
  for (let run = 0; isRunning(); run += 1) {
    const command = `mutt -n -F /dev/null -f ${path} -e '${SETTINGS}' -e 'push "${keys(run)}"'`
    const {code} = await runProgram('timeout', ['-k', '1', '10', 'script', '-qec', command, '/dev/null'], {
      env: {HOME: path, TERM: 'xterm', LINES: '30', COLUMNS: '100', LC_ALL: 'C.UTF-8'},
    })
    if (code === 0) ended += 1
  }
  return ended
}

function fill(maildir: TemporaryMaildir): void {
  for (let number = 0; number < MESSAGES; number += 1) {
    const kind = number % 9 === 0 ? `${DOOMED}-${(number / 9) % 40}-` : 'kept'
    maildir.put(`cur/${1_700_000_000 + number}.M1P1_${number}${kind}.host:2,`, `From: a@example.org\nSubject: ${kind} ${number}\n\nx\n`)
  }
}

for (const [place, below] of [
  ['on disk', tmpdir()],
  ['on tmpfs', TMPFS],
] as const) {
  races.when(installed && below, 'mutt or script is not installed, or no tmpfs')(
    `no message is lost, doubled or renumbered (${place})`,
    async () => {
      using maildir = new TemporaryMaildir(below)
      fill(maildir)
      const store = await openStore(maildir)
      const view = await store.select(INBOX, {readOnly: false})
      const ledger = new Ledger(view, maildir.path, (base) => base.includes(DOOMED))
      ledger.checkDatabase()
      let flagsOfOthers = 0
      const unwatch = view.watch(() => {
        flagsOfOthers += 1
      })
      const end = Date.now() + SECONDS * 1000
      let running = true
      const mutt = muttAtWork(maildir.path, () => running && Date.now() < end)
      let rounds = 0
      try {
        rounds = await work(() => Date.now() < end, {store, view, ledger})
      } finally {
        running = false
        unwatch()
        await mutt
      }
      assert.ok((await mutt) > 1, 'mutt did nothing')
      assert.ok(rounds > 10 && flagsOfOthers > 1, `${rounds} rounds of ours, ${flagsOfOthers} changes of mutt`)
      await view.refresh()
      ledger.take()
      ledger.checkDatabase()
      ledger.checkFiles()
    },
  )
}

races.run()
