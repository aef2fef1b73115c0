/** What has become of a folder since a state that view and log tell. */
import type {ChangedMessage, Snapshot} from '../../folder/snapshot.js'
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
    added: added.map(({uid, base, info, keywordSet, modseq}) => ({uid, base, info, modseq, keywords: keywords(keywordSet)})),
    changed: grouped(changed, keywords),
  }
}

/** A flag that all messages of a folder get makes the same of most of them. */
function grouped(changed: readonly ChangedMessage[], keywordsOf: FolderState['keywords']): LoggedChange[] {
  const groups = new Map<string, LoggedChange & {readonly uids: number[]}>()
  for (const {uid, info, keywordSet, modseq} of changed) {
    const key = `${modseq} ${keywordSet} ${info}`
    let group = groups.get(key)
    if (!group) {
      group = {info, modseq, keywords: keywordsOf(keywordSet), uids: []}
      groups.set(key, group)
    }
    group.uids.push(uid)
  }
  return [...groups.values()]
}
