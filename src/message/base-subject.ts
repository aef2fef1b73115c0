import {decodeWordsIn} from './encoded-words.js'

/** What SORT and THREAD take of a subject (RFC 5256 §2.1). */
export interface BaseSubject {
  /** Decoded, in upper case, without reply marks, list names and blanks at the ends. */
  readonly base: string
  /** Something was taken off that marks a reply or a forwarded message. */
  readonly isReply: boolean
}

/** The longer of two with one beginning comes first. */
const REPLY_WORDS = ['RE', 'FWD', 'FW'] as const

function isSpace(text: string, at: number): boolean {
  return text.charCodeAt(at) === 0x20
}

/** The subject between two places; every step moves one of them, and looks at no character more than a few times. */
class Subject {
  readonly #text: string
  #start = 0
  #end: number
  isReply = false

  constructor(text: string) {
    this.#text = text
    this.#end = text.length
  }

  get base(): string {
    return this.#text.slice(this.#start, this.#end)
  }

  /** Step 2: blanks and `(fwd)` at the end. */
  dropTrailers(): void {
    for (;;) {
      while (this.#end > this.#start && isSpace(this.#text, this.#end - 1)) this.#end -= 1
      if (this.#end - this.#start < 5 || this.#text.slice(this.#end - 5, this.#end) !== '(FWD)') return
      this.#end -= 5
      this.isReply = true
    }
  }

  /** Steps 3 to 5: reply marks and blobs (`[list]`) at the start, the last blob only if something remains. */
  dropLeaders(): void {
    for (;;) {
      this.#start = this.#afterSpaces(this.#start)
      let lastBlob = this.#start
      let at = this.#start
      for (let next = this.#afterBlob(at); next > at; next = this.#afterBlob(at)) {
        lastBlob = at
        at = next
      }
      const afterMark = this.#afterReplyMark(at)
      if (afterMark > at) {
        this.#start = afterMark
        this.isReply = true
        continue
      }
      // No mark follows, however many of the blobs are taken off: step 4 takes them all, or all but the last.
      this.#start = at < this.#end ? at : lastBlob
      return
    }
  }

  /** Step 6: `[FWD: … ]` around the whole. */
  unwrap(): boolean {
    if (this.#end - this.#start < 6 || !this.#text.startsWith('[FWD:', this.#start) || this.#text[this.#end - 1] !== ']') return false
    this.#start += 5
    this.#end -= 1
    this.isReply = true
    return true
  }

  #afterSpaces(at: number): number {
    let end = at
    while (end < this.#end && isSpace(this.#text, end)) end += 1
    return end
  }

  /** After a blob and the blanks behind it; `at` itself if there is none. */
  #afterBlob(at: number): number {
    if (at >= this.#end || this.#text[at] !== '[') return at
    for (let i = at + 1; i < this.#end; i += 1) {
      if (this.#text[i] === ']') return this.#afterSpaces(i + 1)
      if (this.#text[i] === '[') return at
    }
    return at
  }

  /** After `RE:`, `FW:`, `FWD:`, with blanks and a blob before the colon; `at` itself if there is none. */
  #afterReplyMark(at: number): number {
    const initial = this.#text[at]
    if (initial !== 'R' && initial !== 'F') return at
    const word = REPLY_WORDS.find((each) => this.#text.startsWith(each, at))
    if (!word) return at
    const colon = this.#afterBlob(this.#afterSpaces(at + word.length))
    return colon < this.#end && this.#text[colon] === ':' ? colon + 1 : at
  }
}

/**
 * Base subject of a subject field's value (latin1, unfolded), RFC 5256 §2.1. Linear time.
 *
 * Courier: wants nothing but a blob between `RE` and the colon (`spec/imap.md` §24.3); the RFC allows blanks.
 */
export function baseSubject(value: string): BaseSubject {
  const text = decodeWordsIn(value)
  const subject = new Subject((/[\t\r\n]| {2}/.test(text) ? text.replace(/[ \t\r\n]+/g, ' ') : text).toUpperCase())
  do {
    subject.dropTrailers()
    subject.dropLeaders()
  } while (subject.unwrap())
  return {base: subject.base, isReply: subject.isReply}
}
