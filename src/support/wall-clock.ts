/**
 * Milliseconds since 1970 as the system's clock has them now.
 *
 * Not `performance.now()`: that one does not follow when somebody sets the clock, and the file system's time stamps do.
 * Compared with a clock that has run away from them every stamp would look old, and a change be overlooked.
 */
export function wallClockMs(): number {
  return Date.now()
}

/** The same in microseconds. The last three digits only make two calls differ. */
export function wallClockMicroseconds(): number {
  return Date.now() * 1000 + (Math.floor(performance.now() * 1000) % 1000)
}
