/** What has become of a folder since a state that view and log tell. */
import type {Snapshot} from '../../folder/snapshot.js'
import type {FolderState} from '../metadata-index.js'
import type {LogState} from './log-file.js'

/** `before`: its messages then. */
export function logStateOf({uidNext, highestModseq, identity, snapshot, keywords}: FolderState, before: Snapshot): LogState {
  const {gone, added, changed} = snapshot.since(before)
  return {
    uidNext,
    highestModseq,
    identity,
    gone,
    added,
    changed: changed.map(({info, keywordSet, modseq, uids}) => ({info, modseq, keywords: keywords(keywordSet), uids})),
  }
}
