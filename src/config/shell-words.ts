/**
 * Words of a value that Courier's start scripts expand a second time, `TCPDOPTS` above all
 * (`spec/server-config-tls.md` §3): blanks separate, quotes hold together.
 */
export function shellWords(value: string): string[] {
  const words: string[] = []
  for (const match of value.matchAll(/(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\])+/gs)) {
    words.push(
      match[0].replace(
        /'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)/gs,
        (_whole, single?: string, double?: string, escaped?: string) => single ?? double?.replace(/\\([$`"\\])/g, '$1') ?? escaped ?? '',
      ),
    )
  }
  return words
}
