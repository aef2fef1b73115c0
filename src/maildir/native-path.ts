const ABOVE_ASCII = /[\x80-\xff]/

/** The path as node wants it: octets above 0x7F need a Buffer. */
export function native(path: string): string | Buffer {
  return ABOVE_ASCII.test(path) ? Buffer.from(path, 'latin1') : path
}

/** The same for many. Whether there are octets above 0x7F is asked once for all: those take two octets each as UTF-8. */
export function nativeOf(directory: string, names: readonly string[]): (path: string) => string | Buffer {
  const all = directory + names.join('')
  return Buffer.byteLength(all) === all.length ? (path) => path : (path) => Buffer.from(path, 'latin1')
}
