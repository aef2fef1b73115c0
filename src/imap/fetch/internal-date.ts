const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const TWO_DIGITS = Array.from({length: 100}, (_, n) => String(n).padStart(2, '0'))

/** Zones change at most at quarter hours. */
const QUARTER_MS = 900_000
const DAY_MS = 86_400_000

/** Minutes east of Greenwich in the server's zone at a time. */
export function zoneMinutes(timeMs: number): number {
  return -new Date(timeMs).getTimezoneOffset()
}

/** Day of the server's calendar as a number: days since 1 January 1970. */
export function localDay(timeMs: number): number {
  return Math.floor((timeMs + zoneMinutes(timeMs) * 60_000) / DAY_MS)
}

/**
 * Makes a writer of INTERNALDATE values: `17-Jul-1996 02:44:25 -0700` in the server's zone (RFC 3501 §9, date-time).
 *
 * The writer remembers the last day and zone: messages of one mailbox come close together.
 */
export function internalDateWriter(): (timeMs: number) => string {
  let quarter = Number.NaN
  let offsetMs = 0
  let zone = ''
  let day = Number.NaN
  let date = ''
  return (timeMs) => {
    const time = Number.isFinite(timeMs) ? timeMs : 0
    const currentQuarter = Math.floor(time / QUARTER_MS)
    if (currentQuarter !== quarter) {
      quarter = currentQuarter
      const minutes = Math.round(zoneMinutes(time))
      offsetMs = minutes * 60_000
      const size = Math.abs(minutes)
      zone = `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${two(size % 60)}`
    }
    const local = time + offsetMs
    const currentDay = Math.floor(local / DAY_MS)
    if (currentDay !== day) {
      day = currentDay
      const calendar = new Date(currentDay * DAY_MS)
      // date-year is four digits (RFC 3501 §9).
      const year = String(Math.min(9999, Math.max(0, calendar.getUTCFullYear()))).padStart(4, '0')
      date = `${two(calendar.getUTCDate())}-${MONTHS[calendar.getUTCMonth()]}-${year}`
    }
    const second = Math.floor((local - currentDay * DAY_MS) / 1000)
    return `${date} ${two(Math.floor(second / 3600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)} ${zone}`
  }
}

function two(number: number): string {
  return TWO_DIGITS[number] ?? '00'
}
