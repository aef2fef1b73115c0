import type {Part, Stretch} from '../../message/structure.js'
import type {Section} from './items.js'

/** Where a section's octets are. */
export type Place =
  /** These octets of the stored file, which follow each other; none for a part that does not exist. */
  {readonly kind: 'octets'; readonly stretches: readonly Stretch[]} | FieldsPlace

/** The fields of this header that `choose` takes, and an empty line. */
export interface FieldsPlace {
  readonly kind: 'fields'
  readonly header: Stretch
  readonly choose: FieldChoice
}

export type FieldChoice =
  | {readonly kind: 'names'; readonly section: Section}
  /** MIME-Version and Content-* (the MIME section). */
  | {readonly kind: 'mime'}

const NOTHING: Place = {kind: 'octets', stretches: []}

/**
 * Finds a section in a message (RFC 3501 §6.4.5, `spec/imap.md` §13.4).
 *
 * Courier: a part that does not exist has no octets; the RFC leaves it open.
 */
export function locateSection(message: Part, section: Section): Place {
  const found = section.path.length === 0 ? {entity: message, role: 'message' as const} : locatePart(message, section.path)
  if (!found) return NOTHING
  const {entity, role} = found
  const target = role === 'part' && entity.message ? entity.message : entity
  switch (section.text) {
    case 'ALL':
      return octets(role === 'message' ? [entity.header, entity.body] : [entity.body])
    case 'TEXT':
      return octets([target.body])
    // Courier: HEADER of a part that is no message is that part's MIME header; the RFC leaves it open.
    case 'HEADER':
      return octets([target.header])
    case 'HEADER.FIELDS':
    case 'HEADER.FIELDS.NOT':
      return {kind: 'fields', header: target.header, choose: {kind: 'names', section}}
    case 'MIME':
      return {kind: 'fields', header: entity.header, choose: {kind: 'mime'}}
  }
}

function octets(stretches: readonly Stretch[]): Place {
  return {kind: 'octets', stretches}
}

interface Found {
  readonly entity: Part
  /** A message is header and body; a part is its body. */
  readonly role: 'message' | 'part'
}

/** Follows part numbers from a message down. */
function locatePart(message: Part, path: readonly number[]): Found | undefined {
  let found: Found | undefined = {entity: message, role: 'message'}
  for (const number of path) {
    found = found && step(found, number)
  }
  return found
}

function step({entity, role}: Found, number: number): Found | undefined {
  // A part that holds a message is numbered on inside that message.
  // Courier: of a message whose own type is message/rfc822, part 1 is the text of the message inside; BODYSTRUCTURE
  // describes part 1 as the whole of it, so that is what it is here.
  const inside = role === 'part' && entity.message ? entity.message : entity
  const child = inside.children[number - 1]
  if (child) return {entity: child, role: 'part'}
  const isMessage = role === 'message' || entity.message !== undefined || isBodyOfMessage(entity)
  return number === 1 && inside.children.length === 0 && isMessage ? {entity: inside, role: 'part'} : undefined
}

/** The only part of a message without parts: 1, 1.1, 1.1.1 all mean it (`spec/imap.md` §13.4). Messages have an envelope, parts none. */
function isBodyOfMessage(entity: Part): boolean {
  return entity.envelope !== undefined
}
