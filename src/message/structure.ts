/**
 * Shape of a parsed message. Offsets are octets of the file as stored (LF or CRLF line ends), so that a part can be
 * read without parsing again. Sizes on the wire count every LF as CRLF: octets + line feeds (`spec/imap.md` §13.3).
 *
 * Strings hold header values as stored, one character for each octet (latin1), unfolded and trimmed: what reads
 * them decides about RFC 2047 and UTF-8.
 */

/** A stretch of the stored file and the number of LF in it. */
export interface Stretch {
  readonly start: number
  readonly end: number
  readonly lineFeeds: number
}

/** Parameters in header order; names lower-case. RFC 2231 pieces stay as they are (`filename*0*`). */
export type Parameters = readonly (readonly [name: string, value: string])[]

/** One entity: the message itself, a MIME part, or the message inside a message/rfc822 part. */
export interface Part {
  /** From the first header octet through the empty line. */
  readonly header: Stretch
  /** After the empty line; in a multipart the line end before a boundary belongs to the boundary. */
  readonly body: Stretch
  /** Lower-case; `text`/`plain` by default. */
  readonly type: string
  readonly subtype: string
  readonly parameters: Parameters
  readonly id: string | undefined
  readonly description: string | undefined
  /** `7bit`, `8bit`, `quoted-printable`, `base64`, or an unknown one as written. */
  readonly encoding: string
  readonly md5: string | undefined
  readonly disposition: {readonly type: string; readonly parameters: Parameters} | undefined
  readonly language: string | undefined
  /** Children of a multipart that was taken apart; empty otherwise. */
  readonly children: readonly Part[]
  /** The message inside, of a message/rfc822 or message/global part that was taken apart. */
  readonly message: Part | undefined
  /** Envelope of this entity: set for the root and for embedded messages. */
  readonly envelope: Envelope | undefined
  /** The header of this entity holds octets above 0x7F. */
  readonly header8bit: boolean
}

/** RFC 3501 §7.4.2. Missing and empty headers are undefined. */
export interface Envelope {
  readonly date: string | undefined
  readonly subject: string | undefined
  readonly from: readonly Address[]
  /** Already defaulted to `from`, as `replyTo` is. */
  readonly sender: readonly Address[]
  readonly replyTo: readonly Address[]
  readonly to: readonly Address[]
  readonly cc: readonly Address[]
  readonly bcc: readonly Address[]
  readonly inReplyTo: string | undefined
  readonly messageId: string | undefined
}

/** An address, or a group's start (`mailbox` is the name, `host` undefined) or end (both undefined). */
export interface Address {
  readonly name: string | undefined
  readonly mailbox: string | undefined
  readonly host: string | undefined
}
