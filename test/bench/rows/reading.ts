/** FETCH, SEARCH, SORT, THREAD. */
import {coldAndWarm, commands, type Row} from '../row.js'

const SIZES = 'UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)'
const LARGE: Partial<Row> = {mail: ['large'], isLong: true}

export const READING: readonly Row[] = [
  ...coldAndWarm(SIZES, [SIZES]),
  ...coldAndWarm('FETCH 1:* (ENVELOPE BODYSTRUCTURE)', ['FETCH 1:* (ENVELOPE BODYSTRUCTURE)']),
  ...coldAndWarm('FETCH 1:* BODY.PEEK[HEADER.FIELDS (7)]', [
    'FETCH 1:* BODY.PEEK[HEADER.FIELDS (DATE FROM TO CC SUBJECT MESSAGE-ID REFERENCES)]',
  ]),
  ...coldAndWarm('all bodies', ['FETCH 1:* BODY.PEEK[]']),
  ...coldAndWarm('SEARCH SUBJECT', ['SEARCH SUBJECT "invoice quota"']),
  ...coldAndWarm('SEARCH BODY', ['SEARCH BODY "nowhere to be found"']),
  ...coldAndWarm('SORT (SUBJECT)', ['SORT (SUBJECT) UTF-8 ALL']),
  ...coldAndWarm('THREAD REFERENCES', ['THREAD REFERENCES UTF-8 ALL']),
  ...coldAndWarm('100,000: FETCH 1:* (UID FLAGS)', ['FETCH 1:* (UID FLAGS)'], LARGE),
  ...coldAndWarm(`100,000: ${SIZES}`, [SIZES], LARGE),
  ...coldAndWarm('100,000: SEARCH SUBJECT', ['SEARCH SUBJECT "invoice quota"'], LARGE),
  ...coldAndWarm('100,000: SORT (SUBJECT)', ['SORT (SUBJECT) UTF-8 ALL'], LARGE),
  commands('100,000: SEARCH UNSEEN', ['SEARCH UNSEEN'], LARGE),
]
