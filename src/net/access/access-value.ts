/** What an entry of an access file says (`spec/server-config-tls.md` §1.4). */
export interface AccessVerdict {
  readonly allowed: boolean
  readonly variables: ReadonlyMap<string, string>
}

export const ALLOWED: AccessVerdict = {allowed: true, variables: new Map()}

/** Courier: `deny` needs to be the beginning only; all that is neither `deny` nor `allow` allows and sets variables. */
export function readAccessValue(value: string): AccessVerdict {
  if (value.startsWith('deny')) return {allowed: false, variables: new Map()}
  const list = value.startsWith('allow') ? value.slice('allow'.length).replace(/^,/, '') : value
  return {allowed: true, variables: new Map(items(list).map(assignment))}
}

/** Items between commas; quotes hold commas and are removed. */
function items(list: string): string[] {
  const found: string[] = []
  let item = ''
  let quote = ''
  for (const character of list) {
    if (quote !== '') {
      if (character === quote) quote = ''
      else item += character
    } else if (character === '"' || character === "'") {
      quote = character
    } else if (character === ',') {
      found.push(item)
      item = ''
    } else {
      item += character
    }
  }
  return [...found, item].map((each) => each.trim()).filter((each) => each !== '')
}

function assignment(item: string): [name: string, value: string] {
  const equals = item.indexOf('=')
  return equals < 0 ? [item, ''] : [item.slice(0, equals), item.slice(equals + 1)]
}
