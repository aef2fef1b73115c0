import {decodeUtf7} from '../../imap/mailbox-name.js'
import {octetsOf} from './context.js'
import {escapeOctet} from './request.js'

/**
 * A folder name of a Maildir from before Courier 5 (modified UTF-7), as it is called since (UTF-8); undefined when it
 * is not valid. Octets in, octets out; levels are converted one by one (`spec/maildir.md` §6).
 *
 * Courier: converts converted names again, which garbles them; here a name with octets above 0x7F is one that has been
 * converted. A decoded `.`, `/` or control character would change the place of the folder: it is written as SMAP
 * does (`\056`). Names with characters above U+FFFF count as invalid, because Courier cannot serve them.
 */
export function convertedName(name: string): string | undefined {
  if (/[\x80-\xff]/.test(name)) return name
  const levels: string[] = []
  for (const level of name.split('.')) {
    const text = decodeUtf7(level)
    if (!text || /[\u{10000}-\u{10ffff}]/u.test(text)) return undefined
    levels.push(octetsOf(text).replace(/[\0-\x1f./]/g, escapeOctet))
  }
  return levels.join('.')
}
