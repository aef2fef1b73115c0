import type {SourceOptions} from './account-source.js'

/** Takes our own `--config DIR` and `--socket PATH` from the front of the arguments; the rest is for the original's rules. */
export function sourceOptions(args: readonly string[]): SourceOptions & {readonly words: readonly string[]} {
  const words = [...args]
  const values = new Map<string, string | undefined>()
  for (;;) {
    const parts = /^--(config|socket)(?:=([\s\S]*))?$/.exec(words[0] ?? '')
    if (!parts) return {config: values.get('config'), socket: values.get('socket'), words}
    words.shift()
    values.set(parts[1] ?? '', parts[2] ?? words.shift())
  }
}
