/** What the names in `courierimapkeywords/` mean (`spec/maildir.md` §8.1). */
export type KeywordFile =
  | {readonly kind: 'list'}
  /** The newest set of a message. */
  | {readonly kind: 'pending'; readonly base: string}
  /** A set that `:list` should hold by now; the larger number is the newer one. */
  | {readonly kind: 'aged'; readonly base: string; readonly number: number}
  /** Being written, or left behind. */
  | {readonly kind: 'other'}

/** A slot of time in the names of aged files. */
const SLOT_SECONDS = 300

export function keywordFileOf(name: string): KeywordFile {
  if (name === ':list') return {kind: 'list'}
  if (!name.startsWith('.')) return {kind: 'pending', base: name}
  const aged = /^\.([1-9][0-9]{0,14})\.(.+)$/s.exec(name)
  return aged ? {kind: 'aged', base: aged[2] ?? '', number: Number(aged[1])} : {kind: 'other'}
}

export function agedName(base: string, number: number): string {
  return `.${number}.${base}`
}

/** Number for a set that gets old now: above all there are. */
export function agedNumber(nowMs: number, largest: number): number {
  return Math.max(Math.floor(nowMs / 1000 / SLOT_SECONDS) + 1, largest)
}

/** Courier 5.0 removes such a file at once when the time in its name is two minutes old. */
export function unfinishedName(nowMs: number, unique: string): string {
  return `.tmp.${Math.floor(nowMs / 1000)}${unique}`
}
