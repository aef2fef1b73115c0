import {renderEnvelope} from './envelope-text.js'
import {NO_ENVELOPE} from './no-envelope.js'
import {nstring, type RenderString} from './nstring.js'
import type {Parameters, Part} from './structure.js'

/** BODYSTRUCTURE, or BODY when not `extended` (RFC 3501 §7.4.2), one character for each octet. */
export function renderBodyStructure(part: Part, extended: boolean, render: RenderString): string {
  if (part.children.length > 0) return multipart(part, extended, render)
  const {type, subtype} = mediaType(part)
  let out = `(${render(type)} ${render(subtype)} ${parameters(part.parameters, render)} ${nstring(part.id, render)} ${nstring(part.description, render)} ${render(part.encoding)} ${wireBytes(part)}`
  if (part.message) {
    out += ` ${renderEnvelope(part.message.envelope ?? NO_ENVELOPE, render)} ${renderBodyStructure(part.message, extended, render)} ${part.body.lineFeeds}`
  } else if (type === 'text') {
    out += ` ${part.body.lineFeeds}`
  }
  if (extended) out += ` ${nstring(part.md5, render)} ${disposition(part, render)} ${language(part.language, render)}`
  return `${out})`
}

function multipart(part: Part, extended: boolean, render: RenderString): string {
  let out = '('
  for (const child of part.children) out += renderBodyStructure(child, extended, render)
  out += ` ${render(part.subtype)}`
  if (extended) out += ` ${parameters(part.parameters, render)} ${disposition(part, render)} ${language(part.language, render)}`
  return `${out})`
}

/** An embedded message that was not taken apart cannot be called one: clients would expect its envelope (`spec/imap.md` §13.5). */
function mediaType(part: Part): {readonly type: string; readonly subtype: string} {
  const claimsMessage = part.type === 'message' && (part.subtype === 'rfc822' || part.subtype === 'global')
  return claimsMessage && !part.message ? {type: 'message', subtype: 'octet-stream'} : part
}

/** Octets on the wire: every line feed counts twice (`spec/imap.md` §13.3). */
function wireBytes({body}: Part): number {
  return body.end - body.start + body.lineFeeds
}

function parameters(list: Parameters, render: RenderString): string {
  if (list.length === 0) return 'NIL'
  let out = '('
  for (const [name, value] of list) out += `${out === '(' ? '' : ' '}${render(name)} ${render(value)}`
  return `${out})`
}

function disposition(part: Part, render: RenderString): string {
  return part.disposition ? `(${render(part.disposition.type)} ${parameters(part.disposition.parameters, render)})` : 'NIL'
}

/** Courier: a part's language is NIL, and a multipart's is one string; RFC 3501 §7.4.2 wants the tag, or a list of them. */
function language(value: string | undefined, render: RenderString): string {
  if (value === undefined) return 'NIL'
  const tags = value.split(',').flatMap((tag) => tag.trim() || [])
  if (tags.length === 0) return 'NIL'
  return tags.length === 1 ? render(tags[0] ?? '') : `(${tags.map(render).join(' ')})`
}
