/** The part of LIST and LSUB that decides: which lines for which names (`spec/imap.md` §12.7). Pure. */
import {wildcardMatcher} from './wildcard.js'

/** A mailbox or subscription that may be listed. */
export interface Candidate {
  readonly name: string
  /** Unseen mail is in it; undefined: not told. */
  readonly marked: boolean | undefined
}

export interface ListLine {
  readonly flags: string
  readonly name: string
}

export interface ListOptions {
  /** `IMAP_OBSOLETE_CLIENT`: \Noinferiors instead of \HasNoChildren, no \HasChildren. */
  readonly obsoleteClient: boolean
}

/** `inbox` in any case at the start of a name or pattern becomes `INBOX`. */
export function foldInbox(text: string): string {
  return text.replace(/^inbox/i, 'INBOX')
}

/** All names above these names: `a.b.c` has `a.b` and `a`. */
function nodesOf(candidates: readonly Candidate[]): Set<string> {
  const nodes = new Set<string>()
  for (const {name} of candidates) {
    for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
      const node = name.slice(0, dot)
      if (nodes.has(node)) break
      nodes.add(node)
    }
  }
  return nodes
}

function flagsOf({marked}: Candidate, isNode: boolean, {obsoleteClient}: ListOptions): string {
  const flags = marked === undefined ? [] : [marked ? '\\Marked' : '\\Unmarked']
  if (obsoleteClient) return [...flags, ...(isNode ? [] : ['\\Noinferiors'])].join(' ')
  return [...flags, isNode ? '\\HasChildren' : '\\HasNoChildren'].join(' ')
}

/**
 * Lines for a pattern: the matching mailboxes in their order, then matching levels of the hierarchy that are none.
 *
 * An empty pattern gives one line with the name of the name space, which is empty, and the flags of the reference.
 */
export function listLines(candidates: readonly Candidate[], pattern: string, options: ListOptions): ListLine[] {
  const nodes = nodesOf(candidates)
  const matches = wildcardMatcher(foldInbox(pattern))
  const names = new Set<string>()
  const lines: ListLine[] = []
  for (const candidate of candidates) {
    names.add(candidate.name)
    if (matches(candidate.name)) lines.push({flags: flagsOf(candidate, nodes.has(candidate.name), options), name: candidate.name})
  }
  const nodeFlags = options.obsoleteClient ? '\\Noselect' : '\\Noselect \\HasChildren'
  for (const name of nodes) if (!names.has(name) && matches(name)) lines.push({flags: nodeFlags, name})
  return lines
}
