import {bothNeeds} from '../../maildir/metadata-need.js'
import type {MetadataNeed, View} from '../../maildir/types.js'
import {DATA_NEED, DataItems} from './data-items.js'
import type {DataItem, FetchItem, SectionItem} from './items.js'
import {sectionNeed} from './section-writer.js'

/** How the items of one FETCH are answered. */
export interface FetchPlan {
  readonly steps: readonly FetchStep[]
  readonly data: DataItems
  /** The most metadata that an item needs. */
  readonly need: MetadataNeed | undefined
  /** Headers are sent that the metadata has. */
  readonly showsHeader: boolean
  /** Message files must be opened. */
  readonly opens: boolean
  /** \Seen is set (RFC 3501 §6.4.5). */
  readonly marksSeen: boolean
}

export type FetchStep = {readonly kind: 'data'; readonly item: DataItem} | {readonly kind: 'section'; readonly item: SectionItem}

/** Works out what the items need. UID FETCH tells the UID first, unless it was asked for (RFC 3501 §6.4.8). */
export function planFetch(
  items: readonly FetchItem[],
  view: View,
  {uid, utf8}: {readonly uid: boolean; readonly utf8: boolean},
): FetchPlan {
  const all: readonly FetchItem[] = uid && !items.includes('UID') ? ['UID', ...items] : items
  let need: MetadataNeed | undefined
  let showsHeader = false
  let opens = false
  let marksSeen = false
  const steps = all.map((item): FetchStep => {
    if (typeof item === 'string') {
      need = bothNeeds(need, DATA_NEED[item])
      return {kind: 'data', item}
    }
    const sectionNeeds = sectionNeed(item)
    need = bothNeeds(need, sectionNeeds === 'header' ? 'header' : sectionNeeds === 'structure and file' ? 'structure' : undefined)
    showsHeader ||= sectionNeeds === 'header'
    opens ||= sectionNeeds !== 'header'
    marksSeen ||= !item.peek && !view.readOnly
    return {kind: 'section', item}
  })
  return {steps, data: new DataItems(view, {utf8}), need, showsHeader, opens, marksSeen}
}
