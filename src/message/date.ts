/** A point in time and the zone it was written in. */
export interface SentDate {
  /** Seconds since 1970, UTC. */
  readonly epoch: number
  /** Minutes east of UTC. */
  readonly zoneMinutes: number
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const MONTH_NAMES = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Hours east of UTC (RFC 5322 §4.3). */
const ZONES: Readonly<Record<string, number>> = {ut: 0, gmt: 0, est: -5, edt: -4, cst: -6, cdt: -5, mst: -7, mdt: -6, pst: -8, pdt: -7}

/** Only this much of a Date field is looked at. */
const LONGEST = 1_000

/** Seconds since 1970 of a time in UTC; undefined if the day does not exist. */
function epochOf(year: number, month: number, day: number, seconds: number): number | undefined {
  const midnight = Date.UTC(year, month, day)
  return new Date(midnight).getUTCDate() === day ? midnight / 1000 + seconds : undefined
}

function monthOf(word: string): number {
  return MONTHS.indexOf(word.slice(0, 3).toLowerCase())
}

/** Military letters (`spec/imap.md` §25.1): A is -1, M -12, N +1, Y +12; J is no zone, Z is UTC. */
function militaryHours(letter: string): number {
  const code = letter.toLowerCase().charCodeAt(0) - 0x61
  if (code > 24 || code === 9) return 0
  if (code >= 13) return code - 12
  return code > 9 ? -code : -(code + 1)
}

/** Minutes east of UTC of what follows the time of day; anything unknown is UTC. */
function zoneOf(text: string): number {
  const match = /([+-])(\d\d)(\d\d)(?!\d)|[A-Za-z0-9+-]/.exec(text)
  if (!match) return 0
  if (match[1]) {
    const [hours, minutes] = [Number(match[2]), Number(match[3])]
    if (hours > 23 || minutes > 59) return 0
    return (match[1] === '-' ? -1 : 1) * (hours * 60 + minutes)
  }
  const name = /^[A-Za-z]+/.exec(text.slice(match.index))?.[0] ?? ''
  // Courier: compares prefixes, so that CET is C (-3 h); a word that is not exactly a zone's name is UTC here.
  return (name.length === 1 ? militaryHours(name) : (ZONES[name.toLowerCase()] ?? 0)) * 60
}

function fullYear(year: number): number | undefined {
  const full = year < 70 ? 2000 + year : year < 100 ? 1900 + year : year
  return full >= 1970 && full <= 9999 ? full : undefined
}

/** Day and month in either order, other words and characters skipped; `rest` follows the later of the two. */
function findDayAndMonth(text: string): {day: number; month: number; rest: string} | undefined {
  let day: number | undefined
  let month: number | undefined
  const words = /\d+|[A-Za-z]+/g
  for (let match = words.exec(text); match; match = words.exec(text)) {
    const word = match[0]
    if (word.charCodeAt(0) > 0x39) {
      const found = monthOf(word)
      if (found < 0 || month !== undefined) continue
      month = found
      // Only the first three letters are read: what follows must be the year (or the day), so `July` fails.
      if (word.length > 3) return undefined
    } else {
      if (day !== undefined) return undefined
      if (word.length > 2) return undefined
      day = Number(word)
    }
    if (day !== undefined && month !== undefined) return {day, month, rest: text.slice(match.index + word.length)}
  }
  return undefined
}

/**
 * Reads a Date field (`spec/imap.md` §25.1): RFC 5322 and much else, years 1970 to 9999; undefined if it cannot be read.
 */
export function parseDate(value: string): SentDate | undefined {
  const found = findDayAndMonth(value.slice(0, LONGEST))
  if (!found) return undefined
  const match = /^[ \t]+(\d{1,4})[ \t]+(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?(?!\d)/.exec(found.rest)
  if (!match) return undefined
  const year = fullYear(Number(match[1]))
  const [hours, minutes, seconds] = [Number(match[2]), Number(match[3]), Number(match[4] ?? 0)]
  if (year === undefined || hours > 23 || minutes > 59 || seconds > 59) return undefined
  const local = epochOf(year, found.month, found.day, hours * 3600 + minutes * 60 + seconds)
  if (local === undefined) return undefined
  const zoneMinutes = zoneOf(found.rest.slice(match[0].length))
  return {epoch: local - zoneMinutes * 60, zoneMinutes}
}

/** The sent date of RFC 5256 §2.2, epoch seconds: of the Date field, or else of the arrival. */
export function sentEpoch(date: string | undefined, arrivedEpoch: number): number {
  return (date === undefined ? undefined : parseDate(date)?.epoch) ?? arrivedEpoch
}

/**
 * Reads the date-time of APPEND: RFC 3501 §9, and what Courier takes: one leading space is skipped, each `-` before the
 * first space that follows is a space, then as a Date field (`spec/imap.md` §12.8).
 */
export function parseDateTime(text: string): SentDate | undefined {
  const trimmed = text.startsWith(' ') ? text.slice(1) : text
  const space = trimmed.indexOf(' ')
  if (space < 0) return undefined
  return parseDate(trimmed.slice(0, space).replaceAll('-', ' ') + trimmed.slice(space))
}

/** A day of a calendar, as days since 1970-01-01. */
export type CalendarDay = number

const DAY_SECONDS = 86_400

/** Reads a SEARCH date, `d-Mon-yyyy` (RFC 3501 §9); undefined if it is none. */
export function parseSearchDate(text: string): CalendarDay | undefined {
  const match = /^(\d{1,2})-([A-Za-z]{3})-(\d{4})$/.exec(text)
  const month = match ? monthOf(match[2]!) : -1
  if (!match || month < 0) return undefined
  const year = Number(match[3])
  if (year < 100) return undefined
  const epoch = epochOf(year, month, Number(match[1]), 0)
  return epoch === undefined ? undefined : epoch / DAY_SECONDS
}

/**
 * The day that a date stands for without regard to time and zone: what SENTON and its like compare (RFC 3501 §6.4.4).
 *
 * Courier: converts to the server's zone first (`spec/imap.md` §23); `LocalTime.day` does that.
 */
export function writtenDay({epoch, zoneMinutes}: SentDate): CalendarDay {
  return Math.floor((epoch + zoneMinutes * 60) / DAY_SECONDS)
}

/** Offset of the process's zone from UTC at a time, minutes east. */
function offsetAt(epoch: number): number {
  return -new Date(epoch * 1000).getTimezoneOffset()
}

function two(value: number): string {
  return value < 10 ? `0${value}` : `${value}`
}

function zoneText(minutes: number): string {
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${two(size % 60)}`
}

/** Days that the civil calendar is computed for: 1970-01-01 to 9999-12-31. */
const LAST_SECOND = 253_402_300_799

/**
 * Times in the zone of the process. Keeps the zone's offset for the quarter of an hour it was asked for (no zone
 * changes within one) and the text of the day, so that a mailbox's INTERNALDATEs cost no `Date` each.
 */
export class LocalTime {
  readonly #offsets = new Map<number, number>()
  readonly #days = new Map<number, string>()
  readonly #offsetAt: (epoch: number) => number

  /** `offset`: minutes east of UTC at an epoch second; for tests. */
  constructor(offset: (epoch: number) => number = offsetAt) {
    this.#offsetAt = offset
  }

  /** Minutes east of UTC at that second. */
  offset(epoch: number): number {
    const quarter = Math.floor(epoch / 900)
    let offset = this.#offsets.get(quarter)
    if (offset === undefined) {
      if (this.#offsets.size >= 10_000) this.#offsets.clear()
      offset = this.#offsetAt(epoch)
      this.#offsets.set(quarter, offset)
    }
    return offset
  }

  /** The calendar day at that second. */
  day(epoch: number): CalendarDay {
    return Math.floor((epoch + this.offset(epoch) * 60) / DAY_SECONDS)
  }

  /** `DD-Mon-YYYY HH:MM:SS +ZZZZ` without quotes (`spec/imap.md` §13.3); times outside 1970 to 9999 are moved inside. */
  internalDate(epoch: number): string {
    const second = Math.floor(Math.min(Math.max(epoch, 0), LAST_SECOND - DAY_SECONDS) || 0)
    const offset = this.offset(second)
    const local = second + offset * 60
    const day = Math.floor(local / DAY_SECONDS)
    const time = local - day * DAY_SECONDS
    const hours = Math.floor(time / 3600)
    const minutes = Math.floor(time / 60) % 60
    return `${this.#dayText(day)} ${two(hours)}:${two(minutes)}:${two(time % 60)} ${zoneText(offset)}`
  }

  #dayText(day: number): string {
    let text = this.#days.get(day)
    if (text === undefined) {
      const date = new Date(day * DAY_SECONDS * 1000)
      text = `${two(date.getUTCDate())}-${MONTH_NAMES[date.getUTCMonth()]}-${String(date.getUTCFullYear()).padStart(4, '0')}`
      if (this.#days.size >= 10_000) this.#days.clear()
      this.#days.set(day, text)
    }
    return text
  }
}
