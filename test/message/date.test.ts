import * as assert from 'uvu/assert'
import {LocalTime, parseDate, parseDateTime, parseSearchDate, sentEpoch, writtenDay} from '../../src/message/date.js'
import {suite} from '../support/suite.js'

const dates = suite('Dates')

const iso = (text: string): string | undefined => {
  const date = parseDate(text)
  return date && `${new Date(date.epoch * 1000).toISOString().slice(0, 19)} ${date.zoneMinutes}`
}

for (const [text, expected] of [
  ['Mon, 01 Jan 2024 10:00:00 +0100', '2024-01-01T09:00:00 60'],
  ['1 Jan 2024 10:00 -0530', '2024-01-01T15:30:00 -330'],
  ['Jan 1 2024 10:00:00', '2024-01-01T10:00:00 0'],
  ['Tue, 2 Jan 24 10:00:00 EST', '2024-01-02T15:00:00 -300'],
  ['2 Jan 99 10:00:00 GMT', '1999-01-02T10:00:00 0'],
  ['2 Jan 2024 10:00:00 (PST)', '2024-01-02T18:00:00 -480'],
  ['2 Jan 2024 10:00:00 CEST', '2024-01-02T10:00:00 0'],
  ['2 Jan 2024 10:00:00 Z', '2024-01-02T10:00:00 0'],
  ['2 Jan 2024 10:00:00 A', '2024-01-02T11:00:00 -60'],
  ['2 Jan 2024 10:00:00 K', '2024-01-02T20:00:00 -600'],
  ['2 Jan 2024 10:00:00 Y', '2024-01-01T22:00:00 720'],
  ['2 Jan 2024 10:00:00 +2400', '2024-01-02T10:00:00 0'],
  ['2 Jan 2024 10:00:00 +0060', '2024-01-02T10:00:00 0'],
  ['29 Feb 2024 00:00:00 +0000', '2024-02-29T00:00:00 0'],
  ['29 Feb 2023 00:00:00 +0000', undefined],
  ['31 Dec 9999 23:59:59 +0000', '9999-12-31T23:59:59 0'],
  ['1 Jan 1969 00:00:00 +0000', undefined],
  ['1 July 2024 10:00:00 +0000', undefined],
  ['1 Jan 2024 24:00:00 +0000', undefined],
  ['1 Jan 2024 10:00:60 +0000', undefined],
  ['1 Jan 2024', undefined],
  ['Mon Jan  1 10:00:00 2024', undefined],
  ['nonsense', undefined],
  ['', undefined],
  ['1'.repeat(100_000), undefined],
] as const) {
  dates(`${text.slice(0, 40) || 'nothing'} is ${expected ?? 'no date'}`, () => assert.is(iso(text), expected))
}

for (const [text, expected] of [
  ['17-Jul-1996 02:44:25 -0700', 837596665],
  [' 7-Jul-1996 02:44:25 -0500', 836725465],
  ['17-July-1996 02:44:25 +0000', undefined],
  ['30-Feb-1996 00:00:00 +0000', undefined],
  ['17-Jul-1996', undefined],
  ['', undefined],
] as const) {
  dates(`date-time "${text}" is ${expected ?? 'none'}`, () => assert.is(parseDateTime(text)?.epoch, expected))
}

for (const [text, expected] of [
  ['1-Jan-1970', 0],
  ['02-Jan-1970', 1],
  ['2-JAN-2024', 19724],
  ['31-Feb-2024', undefined],
  ['1-Jan-24', undefined],
  ['x-Jan-2024', undefined],
  ['1-Foo-2024', undefined],
] as const) {
  dates(`SEARCH date ${text} is day ${expected ?? '-'}`, () => assert.is(parseSearchDate(text), expected))
}

dates('the day as written, and the day where the server is', () => {
  const date = parseDate('Tue, 02 Jan 2024 22:00:00 -0500')!
  assert.is(writtenDay(date), parseSearchDate('2-Jan-2024'))
  assert.is(new LocalTime(() => 0).day(date.epoch), parseSearchDate('3-Jan-2024'))
  const morning = parseDate('Tue, 02 Jan 2024 10:00:00 -0500')!
  assert.is(new LocalTime(() => 540).day(morning.epoch), parseSearchDate('3-Jan-2024'))
  assert.is(new LocalTime(() => 0).day(morning.epoch), parseSearchDate('2-Jan-2024'))
})

dates('a missing or unreadable Date is replaced by the arrival', () => {
  assert.equal([sentEpoch(undefined, 5), sentEpoch('nonsense', 5), sentEpoch('1 Jan 1970 00:00:07 +0000', 5)], [5, 5, 7])
})

for (const [epoch, offset, expected] of [
  [837596665, 0, '17-Jul-1996 09:44:25 +0000'],
  [836741065, 0, '07-Jul-1996 12:04:25 +0000'],
  [837596665, -570, '17-Jul-1996 00:14:25 -0930'],
  [0, 840, '01-Jan-1970 14:00:00 +1400'],
  [0, -60, '31-Dec-1969 23:00:00 -0100'],
  [-5, 0, '01-Jan-1970 00:00:00 +0000'],
  [1e15, 0, '30-Dec-9999 23:59:59 +0000'],
  [Number.NaN, 0, '01-Jan-1970 00:00:00 +0000'],
] as const) {
  dates(`INTERNALDATE of ${epoch} at ${offset} minutes is ${expected}`, () =>
    assert.is(new LocalTime(() => offset).internalDate(epoch), expected),
  )
}

dates('INTERNALDATE in the zone of the process says the same instant', () => {
  const local = new LocalTime()
  for (let epoch = 0; epoch < 4e9; epoch += 12_345_678) assert.is(parseDateTime(local.internalDate(epoch))?.epoch, epoch)
})

dates('the zone is asked once for a quarter of an hour', () => {
  let asked = 0
  const local = new LocalTime(() => {
    asked += 1
    return 60
  })
  for (let i = 0; i < 900; i += 1) local.internalDate(900_000 + i)
  assert.is(asked, 1)
})

dates.run()
