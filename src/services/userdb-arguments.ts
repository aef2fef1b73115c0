import {join} from 'node:path'

/** What `userdb` is asked to do. `name` and `items` are as typed. */
export type UserdbRequest =
  | {readonly kind: 'usage'}
  /** Commands from standard input; `file` when `-f` was given. */
  | {readonly kind: 'batch'; readonly file: string | undefined}
  | {
      readonly kind: 'show'
      readonly file: string
      readonly name: string | undefined
      readonly items: readonly string[]
      readonly json: boolean
    }
  | {readonly kind: 'change'; readonly verb: string; readonly file: string; readonly name: string; readonly items: readonly string[]}

export interface UserdbOptions {
  readonly config: string | undefined
  readonly json: boolean
  /** What is left for the original's rules. */
  readonly words: readonly string[]
}

const VERBS = ['set', 'unset', 'del']

/**
 * Takes our own long options out of the arguments: `--config DIR` and `--json`, before the first word, and anywhere when
 * the first word is a verb or `show` (in the original's order everything after the name is a field).
 */
export function userdbOptions(args: readonly string[]): UserdbOptions {
  const words: string[] = []
  let config: string | undefined
  let json = false
  const rest = [...args]
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const free = words.length === 0 || isOurOrder(words)
    if (free && word === '--config') config = rest.shift()
    else if (free && word.startsWith('--config=')) config = word.slice('--config='.length)
    else if (free && word === '--json') json = true
    else if (free && word === '--') return {config, json, words: [...words, ...rest]}
    else words.push(word)
  }
  return {config, json, words}
}

/** `set NAME …` instead of `NAME set …`; an account may have the name of a verb: then its verb follows. */
function isOurOrder(words: readonly string[]): boolean {
  const [first = '', second] = withoutFile(words).rest
  return (VERBS.includes(first) || first === 'show') && (second === undefined || !VERBS.includes(second))
}

/** Takes `-f FILE` (or `--file`) from the front. */
function withoutFile(words: readonly string[]): {
  readonly file: string | undefined
  readonly given: boolean
  readonly rest: readonly string[]
} {
  const [first = '', second] = words
  if (first === '-f' || first === '--file') return {file: second, given: true, rest: words.slice(2)}
  if (first.startsWith('--file=')) return {file: first.slice('--file='.length), given: true, rest: words.slice(1)}
  return {file: undefined, given: false, rest: words}
}

/** The original's rules in the original's order (`spec/auth.md` §4.1), plus `set NAME …` and `show NAME`. */
export function userdbRequest(words: readonly string[], userdb: string, json: boolean): UserdbRequest {
  const show = words[0] === '-show'
  const front = withoutFile(show ? words.slice(1) : words)
  if (!show && isOurOrder(words)) return ourOrder(front, userdb, json)
  const [name, ...rest] = front.rest
  if (front.given && !front.file) return {kind: 'usage'}
  if (!show && name === '-' && rest.length === 0) return {kind: 'batch', file: front.file}
  const place = placeOf(front, name, userdb)
  if (show) return {kind: 'show', file: place.file, name: place.name, items: rest, json}
  const [verb, ...items] = rest
  if (!verb || !place.name) return {kind: 'usage'}
  return {kind: 'change', verb, file: place.file, name: place.name, items}
}

/** `verb [-f FILE] NAME …` */
function ourOrder(front: ReturnType<typeof withoutFile>, userdb: string, json: boolean): UserdbRequest {
  const [verb = '', ...after] = front.rest
  const inner = front.given ? {...front, rest: after} : withoutFile(after)
  const [name, ...items] = inner.rest
  if (inner.given && !inner.file) return {kind: 'usage'}
  const place = placeOf(inner, name, userdb)
  if (verb === 'show') return {kind: 'show', file: place.file, name: place.name, items, json}
  if (!place.name) return {kind: 'usage'}
  return {kind: 'change', verb, file: place.file, name: place.name, items}
}

/** Without `-f`, `sales/ann` is the record `ann` in the file `sales` of the userdb directory: split at the last slash. */
export function placeOf(
  {file}: {readonly file: string | undefined},
  name: string | undefined,
  userdb: string,
): {file: string; name: string | undefined} {
  if (file !== undefined) return {file, name}
  const slash = name?.lastIndexOf('/') ?? -1
  if (name === undefined || slash < 0) return {file: userdb, name}
  return {file: join(userdb, name.slice(0, slash)), name: name.slice(slash + 1)}
}
