/**
 * Account options with the defaults of the installation (`spec/auth.md` §24.3): the account's settings win, and when both are
 * there a name that DEFAULTOPTIONS repeats counts once.
 */
export function mergeOptions(account: string, defaults: string): string {
  if (account === '' || defaults === '') return account || defaults
  let merged = account
  for (const item of defaults.split(',')) {
    const name = item.split('=', 1)[0] ?? ''
    if (item !== '' && !holds(merged, name)) merged += `,${item}`
  }
  return merged
}

function holds(options: string, name: string): boolean {
  return options.split(',').some((item) => item === name || item.startsWith(`${name}=`))
}

/**
 * Options by name; the first value of a name counts, a bare name has the empty value. Only `group` may repeat: its values
 * are joined by commas, which no value can hold.
 */
export function parseOptions(text: string): ReadonlyMap<string, string> {
  const options = new Map<string, string>()
  for (const item of text.split(',').filter((candidate) => candidate !== '')) {
    const equals = item.indexOf('=')
    const name = equals < 0 ? item : item.slice(0, equals)
    const value = equals < 0 ? '' : item.slice(equals + 1)
    const earlier = options.get(name)
    if (earlier === undefined) options.set(name, value)
    else if (name === 'group') options.set(name, `${earlier},${value}`)
  }
  return options
}

/** Whether an option like `disableimap` is on: a number but 0, a word with `t` or `y`, or no value at all (`spec/auth.md` §24.2). */
export function optionIsOn(options: ReadonlyMap<string, string>, name: string): boolean {
  const value = options.get(name)
  if (value === undefined) return false
  return value === '' || /^[tTyY]/.test(value) || Number.parseInt(value, 10) > 0 || Number.parseInt(value, 10) < 0
}
