import {FieldNames} from '../../message/field-scan.js'

/** What FETCH can be asked for (RFC 3501 §6.4.5), after the macros have been written out. */

/** Items whose value comes from the store's metadata or the view. */
export type DataItem = 'FLAGS' | 'UID' | 'INTERNALDATE' | 'RFC822.SIZE' | 'ENVELOPE' | 'BODY' | 'BODYSTRUCTURE'

/** The text of a section: everything, or one of the `section-text` words. */
export type SectionText = 'ALL' | 'HEADER' | 'HEADER.FIELDS' | 'HEADER.FIELDS.NOT' | 'TEXT' | 'MIME'

export interface Section {
  /** Part numbers; empty for the message itself. */
  readonly path: readonly number[]
  readonly text: SectionText
  /** Header names as the client wrote them, one character for each octet; for the two HEADER.FIELDS forms only. */
  readonly fields: readonly string[]
  /** The same, prepared for HEADER.FIELDS. */
  readonly names: FieldNames
}

/** `<start.count>` on the octets of the wire. */
export interface PartialRange {
  readonly start: number
  readonly count: number
}

export interface SectionItem {
  readonly section: Section
  readonly partial: PartialRange | undefined
  /** Leaves \Seen alone. */
  readonly peek: boolean
  /** The item's name in the reply: `BODY[1.TEXT]<0>`, `RFC822`, … */
  readonly label: string
}

export type FetchItem = DataItem | SectionItem

const NO_NAMES = new FieldNames([])

/** A section of the message itself. */
function ofMessage(text: SectionText): Section {
  return {path: [], text, fields: [], names: NO_NAMES}
}

/** The macros of RFC 3501 §6.4.5. */
export const MACROS: Readonly<Record<string, readonly DataItem[]>> = {
  ALL: ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE'],
  FAST: ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE'],
  FULL: ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE', 'BODY'],
}

/** The old names of three sections (RFC 3501 §6.4.5). */
export const OLD_NAMES: Readonly<Record<string, SectionItem>> = {
  RFC822: {section: ofMessage('ALL'), partial: undefined, peek: false, label: 'RFC822'},
  'RFC822.HEADER': {section: ofMessage('HEADER'), partial: undefined, peek: true, label: 'RFC822.HEADER'},
  // Courier: RFC822.TEXT leaves \Seen alone; RFC 3501 §6.4.5 calls it equivalent to BODY[TEXT].
  'RFC822.TEXT': {section: ofMessage('TEXT'), partial: undefined, peek: false, label: 'RFC822.TEXT'},
}
