const ABOVE_ASCII = /[\x80-\xff]/

/** The path as node wants it: octets above 0x7F need a Buffer. */
export function native(path: string): string | Buffer {
  return ABOVE_ASCII.test(path) ? Buffer.from(path, 'latin1') : path
}

/**
 * The same for names in a directory, by place. They become parts of one string: each by itself would be copied together when it is
 * used. Whether there are octets above 0x7F is asked once for all: those take two octets each as UTF-8.
 */
export function nativeNames(directory: string, names: readonly string[]): (place: number, prefix: string) => string | Buffer {
  const all = names.join('')
  if (ABOVE_ASCII.test(directory) || Buffer.byteLength(all) > all.length)
    return (place, prefix) => Buffer.from(prefix + (names[place] ?? ''), 'latin1')
  const parts: string[] = []
  let at = 0
  for (const {length} of names) {
    parts.push(all.slice(at, at + length))
    at += length
  }
  return (place, prefix) => prefix + (parts[place] ?? '')
}
