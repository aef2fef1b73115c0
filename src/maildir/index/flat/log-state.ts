/** What has become of a folder since a state that view and log tell. */
import type {ChangedMessage} from '../../folder/difference.js'
import type {Snapshot} from '../../folder/snapshot.js'
import type {FolderState} from '../metadata-index.js'
import type {LoggedChange, LogState} from './log-file.js'

/** `before`: its messages then. */
export function logStateOf({uidNext, highestModseq, identity, snapshot, keywords}: FolderState, before: Snapshot): LogState {
  const {gone, added, changed} = snapshot.since(before)
  return {
    uidNext,
    highestModseq,
    identity,
    gone,
    added: {uids: added.map(({uid}) => uid), bases: added.map(({base}) => base)},
    changed: [...grouped(changed, keywords), ...grouped(added, keywords)],
  }
}

/** A flag that all messages of a folder get makes the same of most of them, and messages that came together have much in common. */
function grouped(messages: readonly ChangedMessage[], keywordsOf: FolderState['keywords']): LoggedChange[] {
  const groups = new Map<string, LoggedChange & {readonly uids: number[]}>()
  let last: ChangedMessage | undefined
  let group: (LoggedChange & {readonly uids: number[]}) | undefined
  for (const message of messages) {
    const {uid, info, keywordSet, modseq} = message
    if (!group || last?.modseq !== modseq || last.info !== info || last.keywordSet !== keywordSet) {
      const key = `${modseq} ${keywordSet} ${info}`
      group = groups.get(key) ?? {info, modseq, keywords: keywordsOf(keywordSet), uids: []}
      groups.set(key, group)
      last = message
    }
    group.uids.push(uid)
  }
  return [...groups.values()]
}
