/** Lines of `/etc/passwd`, `/etc/shadow` and vpopmail's `vpasswd` as userdb text (`spec/auth.md` §7.1). Octets, one character for each. */

export interface PasswdOptions {
  readonly passwd: string
  /** Its passwords replace those of `passwd`. */
  readonly shadow: string | undefined
  /** Appended to the names after an `@`; empty: nothing. */
  readonly domain: string
  /** Ids that all accounts get. */
  readonly ids: {readonly uid: string; readonly gid: string} | undefined
  /** With entries that lead from uids to names. */
  readonly reverse: boolean
}

/** Accounts that cannot stand in userdb text. */
export interface PasswdResult {
  readonly text: string
  readonly refused: readonly string[]
}

/** Of a name that occurs twice the last line counts, at the place of the first. */
export function userdbFromPasswd({passwd, shadow, domain, ids, reverse}: PasswdOptions): PasswdResult {
  const passwords = new Map(shadow === undefined ? [] : entries(shadow).map(([name = '', password = '']) => [name, password]))
  const accounts = new Map(entries(passwd).map((fields) => [fields[0] ?? '', fields]))
  let text = ''
  const refused: string[] = []
  for (const [name, [, own = '', itsUid = '', itsGid = '', gecos = '', home = '', shell = '']] of accounts) {
    const password = passwords.get(name) ?? (own === 'x' ? '' : own)
    const {uid, gid} = ids ?? {uid: itsUid, gid: itsGid}
    if (!isWritable(name, [uid, gid, home, shell, password])) {
      refused.push(name)
      continue
    }
    const fields = [`uid=${uid}`, `gid=${gid}`, `home=${home}`]
    if (shell !== '') fields.push(`shell=${shell}`)
    if (password !== '') fields.push(`systempw=${password}`)
    if (gecos !== '') fields.push(`gecos=${gecos.replaceAll('|', '.')}`)
    text += `${name}${domain === '' ? '' : `@${domain}`}\t${fields.join('|')}\n`
    if (reverse) text += `${uid}=\t${name}\n`
  }
  return {text, refused}
}

/** Names of NIS (`+`) and others without numbers stay: only what would be another line or another field is refused. */
function isWritable(name: string, values: readonly string[]): boolean {
  return name !== '' && !name.includes('\t') && !values.some((value) => value.includes('|'))
}

function entries(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'))
}
