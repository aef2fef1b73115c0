import {blockMark, linesOf, type MarkedFile, type OldBlock} from './marked-file.js'

/** What became of a block. `removed`: the new file has none of that name. */
export type BlockOutcome = 'unchanged' | 'UPDATED' | 'new' | 'removed'

export interface BlockReport {
  readonly name: string
  readonly outcome: BlockOutcome
}

export interface Merged {
  readonly text: string
  /** In the order of the new file; then what is gone. */
  readonly report: readonly BlockReport[]
}

function previousSetting({text}: OldBlock): string[] {
  const lines = linesOf(text)
  while (lines.at(-1) === '') lines.pop()
  const quoted = (lines.length > 0 ? lines : ['']).map((line) => `# ${line}`)
  return ['#', '# Previous setting (inserted by sysconftool):', '#', ...quoted, '#']
}

/**
 * Puts the settings of an old file into a new one, as sysconftool does (`spec/server-config-tls.md` §7.2): a block of the same version
 * keeps its settings, and the default becomes a comment; a block of another version gets the default, and the old settings become a
 * comment; all comments are the new file's.
 *
 * `distName`: name of the new file, for the comments.
 */
export function mergeSettings(
  dist: MarkedFile,
  {old, distName}: {readonly old: ReadonlyMap<string, OldBlock>; readonly distName: string},
): Merged {
  const out: string[] = [...dist.header]
  const report: BlockReport[] = []
  let kept: string | undefined
  let keeping = false
  let headed = false
  let notice: string[] | undefined
  const writeKept = () => {
    if (kept !== undefined) out.push(...linesOf(kept))
    kept = undefined
  }
  for (const line of dist.lines) {
    const mark = blockMark(line)
    if (mark) {
      writeKept()
      const found = mark.name === '' ? undefined : old.get(mark.name)
      keeping = found !== undefined && found.version === mark.version
      headed = false
      if (keeping) kept = found?.text
      else if (found) notice = previousSetting(found)
      report.push({name: mark.name, outcome: keeping ? 'unchanged' : found ? 'UPDATED' : 'new'})
      out.push(line)
    } else if (line.startsWith('#')) {
      out.push(line)
    } else {
      if (notice) out.push(...notice)
      notice = undefined
      if (keeping && !headed) out.push('#', `# DEFAULT SETTING from ${distName}:`)
      headed = true
      out.push(keeping ? `#${line}` : line)
    }
  }
  writeKept()
  if (notice) out.push(...notice)
  const names = new Set(report.map(({name}) => name))
  const removed = [...old.keys()].filter((name) => !names.has(name)).map((name): BlockReport => ({name, outcome: 'removed'}))
  return {text: `${out.join('\n')}\n`, report: [...report, ...removed]}
}
