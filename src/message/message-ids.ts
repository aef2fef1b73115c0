import {LIMITS} from './limits.js'
import {endOfQuoted, unquote} from './mime-fields.js'
import {isBlank} from './octets.js'

/** One id between `<` and `>`, without blanks and needless quotes: `<"a"@b>` is `<a@b>` (RFC 5256 §3). */
function normal(id: string): string {
  if (!/[" \t\r\n\0\\]/.test(id)) return id
  let text = ''
  for (let at = 0; at < id.length; ) {
    if (id[at] === '"') {
      const end = endOfQuoted(id, at)
      text += unquote(id.slice(at, end))
      at = end
    } else {
      if (!isBlank(id.charCodeAt(at))) text += id[at]
      at += 1
    }
  }
  return text
}

/**
 * The message ids in a field (Message-ID, References, In-Reply-To), compared with case, at most `LIMITS.references`,
 * the last ones. What is not between angle brackets or has no `@` is no id. Linear time.
 */
export function messageIds(value: string): string[] {
  const ids: string[] = []
  let open = -1
  for (let at = 0; at < value.length; at += 1) {
    const code = value.charCodeAt(at)
    if (code === 0x3c) open = at + 1
    else if (code === 0x3e && open >= 0) {
      const id = normal(value.slice(open, at))
      if (id.includes('@')) ids.push(id)
      open = -1
    }
  }
  return ids.length > LIMITS.references ? ids.slice(-LIMITS.references) : ids
}

/** The ids that a message refers to: of References, or else the first of In-Reply-To (RFC 5256 §3). */
export function referencesOf(references: string | undefined, inReplyTo: string | undefined): string[] {
  const ids = messageIds(references ?? '')
  return ids.length > 0 ? ids : messageIds(inReplyTo ?? '').slice(0, 1)
}

/** The id of a message: exactly one in its Message-ID field, else undefined. */
export function messageIdOf(messageId: string | undefined): string | undefined {
  const ids = messageIds(messageId ?? '')
  return ids.length === 1 ? ids[0] : undefined
}
