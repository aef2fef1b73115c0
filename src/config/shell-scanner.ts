/**
 * Words of a POSIX shell text, as far as configuration files use them (`spec/server-config-tls.md` §3).
 *
 * Quotes, joined parts, comments and plain variables are read as `sh` reads them. Whatever would make a shell
 * run something or look at the system is refused with its line: an ignored `if` or `$(…)` would be a wrong value.
 */
import {BadSyntax} from '../support/fault.js'

export interface ScannedWord {
  readonly text: string
  /** Line that the word begins on, from 1. */
  readonly line: number
  /** Where the first unquoted `=` stands in `text`, when only a plain name comes before it; else -1. */
  readonly equalsAt: number
}

/** A command: the words up to a line end or `;`. A refused construct ends it, the rest of its line is skipped. */
export interface ScannedCommand {
  readonly words: readonly ScannedWord[]
  readonly line: number
  readonly problem: {readonly line: number; readonly text: string} | undefined
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y
const ASSIGNED_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
const OPERATORS: Record<string, string> = {
  '&': 'background commands and "&&"',
  '|': 'pipes and "||"',
  '<': 'redirections',
  '>': 'redirections',
  '(': 'subshells and functions',
  ')': 'subshells and functions',
}

/** Reads commands one after the other, so that an assignment can be seen by the ones after it. */
export class ShellScanner {
  readonly #text: string
  readonly #lookUp: (name: string) => string | undefined
  /** What the command at hand has assigned so far: `A=1 B=$A` gives B the new A. */
  readonly #assigned = new Map<string, string>()
  #at = 0
  #line = 1
  /** Where a quote begins that seems to end at the beginning of a later value. */
  #suspect: number | undefined

  constructor(text: string, lookUp: (name: string) => string | undefined) {
    this.#text = text
    this.#lookUp = lookUp
  }

  /** The next command; undefined at the end. Commands without a word are left out. */
  next(): ScannedCommand | undefined {
    for (;;) {
      this.#skipBetweenCommands()
      if (this.#at >= this.#text.length) return undefined
      const line = this.#line
      const words: ScannedWord[] = []
      try {
        this.#assigned.clear()
        for (let word = this.#word(); word; word = this.#word()) {
          words.push(word)
          if (words[0] && words[0].equalsAt >= 0 && word.equalsAt >= 0) this.#assigned.set(...assignmentOf(word))
        }
      } catch (error) {
        if (!(error instanceof BadSyntax)) throw error
        const problem = {line: this.#line, text: error.message}
        this.#skipLine()
        return {words, line, problem}
      }
      if (words.length > 0) return {words, line, problem: undefined}
    }
  }

  #skipBetweenCommands(): void {
    for (; this.#at < this.#text.length; this.#at += 1) {
      const char = this.#text[this.#at]
      if (char === '\n') this.#line += 1
      else if (char !== ' ' && char !== '\t' && char !== ';') return
    }
  }

  #skipLine(): void {
    const end = this.#text.indexOf('\n', this.#at)
    this.#at = end < 0 ? this.#text.length : end
  }

  /** The next word of the command; undefined at its end. */
  #word(): ScannedWord | undefined {
    while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\t') this.#at += 1
    if (this.#text[this.#at] === '#') this.#skipLine()
    if (this.#atCommandEnd()) return undefined
    const line = this.#line
    let text = ''
    // Only a plain, unquoted name before the first `=` is assigned to.
    let quoted = false
    let equalsAt = -1
    while (!this.#atWordEnd()) {
      const char = this.#text[this.#at] ?? ''
      if (char === "'" || char === '"' || char === '\\' || char === '$' || char === '`') {
        quoted ||= equalsAt < 0
        text += this.#part(char)
        continue
      }
      if (OPERATORS[char]) throw new BadSyntax(`${OPERATORS[char]} are not supported, and ${quote(char)} in a value needs quotes`)
      if (char === '~' && (text === '' || equalsAt === text.length - 1))
        throw new BadSyntax('"~" is not expanded here; write the whole path')
      if (char === '=' && equalsAt < 0 && !quoted) {
        if (ASSIGNED_NAME.test(text)) equalsAt = text.length
        else quoted = true
      }
      text += char
      this.#at += 1
    }
    return {text, line, equalsAt}
  }

  #atCommandEnd(): boolean {
    const char = this.#text[this.#at]
    return char === undefined || char === '\n' || char === ';'
  }

  #atWordEnd(): boolean {
    const char = this.#text[this.#at]
    return this.#atCommandEnd() || char === ' ' || char === '\t'
  }

  #part(char: string): string {
    if (char === "'") return this.#singleQuoted()
    if (char === '"') return this.#doubleQuoted()
    if (char === '\\') return this.#escaped()
    return this.#expansion()
  }

  #singleQuoted(): string {
    const end = this.#text.indexOf("'", this.#at + 1)
    if (end < 0) throw this.#unclosed("'")
    const value = this.#text.slice(this.#at + 1, end)
    this.#suspects(value, this.#line)
    this.#line += value.split('\n').length - 1
    this.#at = end + 1
    return value
  }

  #doubleQuoted(): string {
    const parts: string[] = []
    const began = this.#line
    this.#at += 1
    for (;;) {
      const char = this.#text[this.#at]
      if (char === undefined) {
        this.#line = began
        throw this.#unclosed('"')
      }
      if (char === '"') break
      if (char === '\\') parts.push(this.#escapedInQuotes())
      else if (char === '$' || char === '`') parts.push(this.#expansion())
      else {
        if (char === '\n') this.#line += 1
        parts.push(char)
        this.#at += 1
      }
    }
    this.#at += 1
    const value = parts.join('')
    this.#suspects(value, began)
    return value
  }

  /** A quote that is not closed is closed by the one that opens the next value, and so on to the last one of the file. */
  #suspects(value: string, line: number): void {
    if (/\n[ \t]*[A-Za-z_][A-Za-z0-9_]*=$/.test(value)) this.#suspect ??= line
  }

  /** An open quote swallows the rest of the file: nothing after it can be read. */
  #unclosed(mark: string): BadSyntax {
    this.#line = this.#suspect ?? this.#line
    const problem = new BadSyntax(`The quote ${mark} is never closed`)
    this.#at = this.#text.length
    return problem
  }

  /** Within double quotes a backslash protects only `$`, `` ` ``, `"` and itself (POSIX shell §2.2.3). */
  #escapedInQuotes(): string {
    const next = this.#text[this.#at + 1]
    if (next === '\n') throw this.#continued()
    this.#at += next !== undefined && '$`"\\'.includes(next) ? 2 : 1
    return next !== undefined && '$`"\\'.includes(next) ? next : '\\'
  }

  #escaped(): string {
    const next = this.#text[this.#at + 1]
    if (next === '\n' || next === undefined) throw this.#continued()
    this.#at += 2
    return next
  }

  // Courier: the header of `imapd` forbids continued lines, because its start scripts expand values twice.
  #continued(): BadSyntax {
    return new BadSyntax('A line may not be continued with a backslash; write the value on one line')
  }

  #expansion(): string {
    if (this.#text[this.#at] === '`') throw new BadSyntax('Command substitution with ` is not supported')
    const next = this.#text[this.#at + 1] ?? ''
    if (next === '(') throw new BadSyntax('Command substitution with $(…) is not supported')
    if (/[0-9@*#?$!-]/.test(next)) throw new BadSyntax(`The shell parameter "$${next}" is not supported`)
    const braced = next === '{'
    NAME.lastIndex = this.#at + (braced ? 2 : 1)
    const name = NAME.exec(this.#text)?.[0]
    if (braced) {
      if (!name || this.#text[NAME.lastIndex] !== '}') throw new BadSyntax('Only ${NAME} is supported between braces')
      this.#at = NAME.lastIndex + 1
    } else if (!name) {
      this.#at += 1
      return '$'
    } else {
      this.#at = NAME.lastIndex
    }
    return this.#assigned.get(name) ?? this.#lookUp(name) ?? ''
  }
}

/** Name and value of a word that is an assignment. */
export function assignmentOf({text, equalsAt}: ScannedWord): [name: string, value: string] {
  return [text.slice(0, equalsAt), text.slice(equalsAt + 1)]
}

function quote(char: string): string {
  return char === '"' ? `'"'` : `"${char}"`
}
