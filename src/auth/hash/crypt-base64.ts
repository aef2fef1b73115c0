const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** `count` characters of crypt(3)'s base64 for a number: the lowest six bits first. */
export function cryptCharacters(value: number, count: number): string {
  let text = ''
  let rest = value
  for (let index = 0; index < count; index += 1) {
    text += ALPHABET[rest & 0x3f]
    rest >>>= 6
  }
  return text
}

/**
 * A digest in the order in which crypt(3) prints it: each group of up to three octet numbers, the first one highest, gives
 * one character more than it has numbers.
 */
export function cryptBase64(digest: Buffer, groups: readonly (readonly number[])[]): string {
  return groups
    .map((group) =>
      cryptCharacters(
        group.reduce((value, index) => (value << 8) | (digest[index] ?? 0), 0),
        group.length + 1,
      ),
    )
    .join('')
}

/** A salt of that many characters from as many random octets. */
export function cryptSalt(random: Buffer): string {
  return [...random].map((octet) => cryptCharacters(octet & 0x3f, 1)).join('')
}
