import {supportedCharset} from '../../message/charset.js'
import {bad, no, type Reply} from '../replies/tagged.js'
import type {Session} from '../session.js'

/** Some of the charsets that can be searched in, for clients that ask for another (RFC 3501 §7.1). */
const TOLD = 'US-ASCII UTF-8 ISO-8859-1 ISO-8859-15 WINDOWS-1252 KOI8-R ISO-2022-JP SHIFT_JIS EUC-JP GB18030 BIG5 EUC-KR'

/** The refusal of a charset; undefined when its strings can be read. */
export function refuseCharset(charset: string): Reply | undefined {
  return supportedCharset(charset) ? undefined : no('The requested character set is not supported.', `BADCHARSET (${TOLD})`)
}

/**
 * The refusal of SEARCH CHARSET after `ENABLE UTF8=ACCEPT`, where strings are UTF-8 always.
 *
 * Courier: answers NO; RFC 6855 §3 wants BAD.
 */
export function refuseSearchCharset(session: Session, charset: string | undefined): Reply | undefined {
  if (charset === undefined) return undefined
  return session.utf8 ? bad('CHARSET is not valid in UTF8 mode as per RFC 6855') : refuseCharset(charset)
}

/** The refusal of the charset of SORT and THREAD, which must be UTF-8 after `ENABLE UTF8=ACCEPT` (`spec/imap.md` §11.2). */
export function refuseSortCharset(session: Session, charset: string): Reply | undefined {
  if (session.utf8 && charset.toUpperCase() !== 'UTF-8') {
    return bad('Only UTF-8 charset is valid after enabling RFC 6855 support', 'BADCHARSET')
  }
  return refuseCharset(charset)
}
