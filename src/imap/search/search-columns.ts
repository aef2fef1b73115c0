import type {Column} from '../../maildir/types.js'
import {parseDate, writtenDay} from '../../message/date.js'
import {FieldNames} from '../../message/field-scan.js'
import {fieldValue} from '../../message/headers.js'
import {detached} from '../../message/octets.js'
import {searchForms} from '../../message/search-text.js'

const STRING_OCTETS = 24

/** The fields of one name in the forms in which they are searched; none when there is no such field. */
export type SearchTexts = readonly string[]

function fieldTexts(name: string): Column<SearchTexts> {
  const names = new FieldNames([name])
  return {
    need: 'header',
    of: (metadata) => {
      const {header} = metadata
      const texts: string[] = []
      for (const field of names.in(header)) texts.push(...searchForms(fieldValue(header, field)).map(detached))
      return texts
    },
    octets: (texts) => texts.reduce((sum, text) => sum + STRING_OCTETS + text.length, STRING_OCTETS),
  }
}

/** Fields that are searched again and again (RFC 3501 §6.4.4). */
export const FIELD_TEXTS: Readonly<Record<string, Column<SearchTexts>>> = {
  bcc: fieldTexts('bcc'),
  cc: fieldTexts('cc'),
  from: fieldTexts('from'),
  subject: fieldTexts('subject'),
  to: fieldTexts('to'),
}

const DATE = new FieldNames(['date'])

/**
 * The day that a message says it was sent on; NaN when it says none.
 *
 * Courier: converts the date to the server's zone first; RFC 3501 §6.4.4 disregards time and zone.
 */
export const SENT_DAY: Column<number> = {
  need: 'header',
  of: (metadata) => {
    const sent = parseDate(DATE.values(metadata.header)[0] ?? '')
    return sent === undefined ? Number.NaN : writtenDay(sent)
  },
  octets: () => 8,
}
