import {createTwoFilesPatch} from 'diff'
import {textOf} from '../tool.js'
import type {FileState} from './file-state.js'
import type {Change} from './plan.js'

const NOTHING = '/dev/null'

function rights({mode, uid, gid}: FileState): string {
  return `mode ${mode.toString(8)}, owner ${uid}:${gid}`
}

/** The change as `diff -u` shows it, and what happens to rights. */
export function unifiedDiff({path, before, after}: Change): string {
  const patch = createTwoFilesPatch(
    before ? path : NOTHING,
    after ? path : NOTHING,
    textOf(before?.text ?? ''),
    textOf(after?.text ?? ''),
    undefined,
    undefined,
    {context: 3, headerOptions: {includeIndex: false, includeUnderline: false, includeFileHeaders: true}},
  )
  if (after && !before) return `# ${path}: new, ${rights(after)}\n${patch}`
  return patch
}
