import {join} from 'node:path'
import {MARKER} from '../../../auth/modules/rc-file.js'
import {SOURCE_FILES} from '../configuration-files.js'
import type {UpgradeContext, UpgradeStep} from '../step.js'

/** Modules that Courier-IMAP had before 4.0 and that need no entry of their own now, or that are gone. */
const GONE = new Set(['authdaemon', 'authcram', 'authvchkpw', 'authinfo'])
const SOURCE_MODE = 0o640

/** The authentication moved out of Courier-IMAP in 4.0: its files belong to the directory of `authdaemonrc`, AUTHMODULES to `authmodulelist`. */
export const accounts: UpgradeStep = {
  name: 'accounts',
  upTo: '3.99',
  about:
    'Moves `authdaemonrc`, `authldaprc`, `authmysqlrc` and `authpgsqlrc` to the directory of the authentication, and `AUTHMODULES` into `authmodulelist`',
  async run(context) {
    await moveFiles(context)
    takeModules(context)
  },
}

async function moveFiles({directory, authDirectory, files, plan, tell}: UpgradeContext): Promise<void> {
  if (directory === authDirectory) return
  for (const name of ['authdaemonrc', 'authmodulelist', ...SOURCE_FILES]) {
    const [from, to] = [join(directory, name), join(authDirectory, name)]
    await plan.remove(`${from}.dist`)
    const old = await plan.read(from)
    if (!old) continue
    const isSource = SOURCE_FILES.some((each) => each === name)
    if (isSource && !(await plan.read(to))) {
      await plan.write(to, old.text, {mode: SOURCE_MODE, like: old})
      tell(`${from} was moved to ${to}`)
      for (const reason of reasonsAgainst(old.text)) tell(`${to}: ${reason}`)
    } else if (files.get('authdaemonrc')?.source === from) {
      tell(`The settings of ${from} were taken over into ${to}; the old file is ${name}.bak`)
    } else {
      tell(`${from} is not read any more, and became ${name}.bak`)
    }
    await plan.write(`${from}.bak`, old.text, {mode: SOURCE_MODE, like: old})
    await plan.remove(from)
  }
}

/** Why the file of a source cannot be used as it is: the library's are of another form. */
function* reasonsAgainst(text: string): Generator<string> {
  if (!MARKER.test(text))
    yield 'it is refused without the line "##NAME: MARKER:0" at its end; see whether its settings are still the right ones'
  if (/^LDAP_SERVER\s/m.test(text) && !/^LDAP_URI\s/m.test(text))
    yield 'LDAP_SERVER and LDAP_PORT have become LDAP_URI ("LDAP_URI ldap://server:389")'
}

/** Only where the old server asked the modules itself, and not a daemon with a list of its own. */
function takeModules({files, tell}: UpgradeContext): void {
  const modules = words(files.get('imapd')?.value('AUTHMODULES') ?? files.get('pop3d')?.value('AUTHMODULES'))
  const daemon = files.get('authdaemonrc')
  if (modules.length === 0 || modules.includes('authdaemon') || !daemon || daemon.state) return
  const known = modules.filter((name) => !GONE.has(name))
  if (known.length > 0) daemon.keepSetting('authmodulelist', known.join(' '))
  tell(`AUTHMODULES="${modules.join(' ')}" became authmodulelist="${known.join(' ')}" in authdaemonrc: check it`)
}

function words(value: string | undefined): string[] {
  return (value ?? '').split(/\s+/).filter((word) => word !== '')
}
