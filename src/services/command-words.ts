const WORD = /\s*((?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\])+)/gsy
const PART = /'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)/gs

/** The words of a line as a shell takes them apart, without any expansion; undefined when a quote or a backslash is left open. */
export function commandWords(line: string): string[] | undefined {
  const words: string[] = []
  const matcher = new RegExp(WORD)
  let end = 0
  for (let match = matcher.exec(line); match; match = matcher.exec(line)) {
    end = matcher.lastIndex
    words.push(
      (match[1] ?? '').replace(
        PART,
        (_whole, single?: string, double?: string, escaped?: string) => single ?? double?.replace(/\\([$`"\\])/g, '$1') ?? escaped ?? '',
      ),
    )
  }
  return line.slice(end).trim() === '' ? words : undefined
}
