/**
 * Configuration files with `##VERSION:` and `##NAME:` marks, which an upgrade can merge (`spec/server-config-tls.md` §7.1).
 *
 * Texts are octets, one character for each (latin1).
 */

/** The header must be within so many lines. */
const HEADER_LINES = 20

/** `##NAME: name:version`. */
export interface BlockMark {
  /** Without blanks; an empty name keeps nothing. */
  readonly name: string
  readonly version: string
}

/** What a block sets: its lines that are no comments, blank ones too, each with its line end. */
export interface OldBlock {
  readonly version: string
  readonly text: string
}

export interface MarkedFile {
  /** The line `##VERSION: …`. */
  readonly version: string
  /** All lines up to and with that one. */
  readonly header: readonly string[]
  readonly lines: readonly string[]
}

/** Lines without their ends; a last line without an end counts like the others. */
export function linesOf(text: string): string[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}

/** Splits a file behind its header; undefined when it has none: it is from before the format, or somebody's own. */
export function readMarkedFile(text: string): MarkedFile | undefined {
  const lines = linesOf(text)
  const at = lines.slice(0, HEADER_LINES).findIndex((line) => line.startsWith('##VERSION:'))
  if (at < 0) return undefined
  return {version: lines[at] ?? '', header: lines.slice(0, at + 1), lines: lines.slice(at + 1)}
}

/** The mark in a line; undefined for every other line, also for `##NAME:` without a second colon. */
export function blockMark(line: string): BlockMark | undefined {
  if (!line.startsWith('##NAME:')) return undefined
  const rest = line.slice('##NAME:'.length)
  const colon = rest.lastIndexOf(':')
  if (colon < 0) return undefined
  const bare = (part: string) => part.replace(/[ \t]+/g, '')
  return {name: bare(rest.slice(0, colon)), version: bare(rest.slice(colon + 1))}
}

/**
 * What the blocks of a file set.
 *
 * Courier: a block ends at the first comment after its settings, so what an administrator has added behind a comment of his own, or in
 * front of the first mark, belongs to nothing (§7.3).
 */
export function oldBlocks({lines}: MarkedFile): Map<string, OldBlock> {
  const blocks = new Map<string, OldBlock>()
  let current: BlockMark | undefined
  let begun = false
  for (const line of lines) {
    const mark = blockMark(line)
    if (mark) {
      current = mark
      begun = false
    } else if (line.startsWith('#')) {
      if (begun) current = undefined
    } else if (current && current.name !== '') {
      begun = true
      blocks.set(current.name, {version: current.version, text: `${blocks.get(current.name)?.text ?? ''}${line}\n`})
    }
  }
  return blocks
}
