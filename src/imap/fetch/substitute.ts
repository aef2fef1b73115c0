import {KnownMetadata} from '../../maildir/known-metadata.js'
import type {MessageMetadata, OpenMessage} from '../../maildir/types.js'
import {StructureParser} from '../../message/parse-structure.js'

/** What is sent instead of a message whose file is gone while the client still counts it (`spec/imap.md` §13.2). */
const TEXT = `From: System Administrator <root@localhost>
Subject: message unavailable

This message is no longer available on the server.
`

export interface Substitute {
  readonly metadata: MessageMetadata
  readonly opened: OpenMessage
}

/** The message in place of one that is gone, as if it had come at `internalDateMs`. */
export function substituteMessage(internalDateMs: number): Substitute {
  const whole = Buffer.from(TEXT, 'latin1')
  const parser = new StructureParser()
  parser.push(whole)
  const structure = parser.end()
  const {header, body} = structure
  return {
    metadata: new KnownMetadata(
      {internalDateMs, storedBytes: whole.length},
      {
        wireBytes: whole.length + header.lineFeeds + body.lineFeeds,
        header: whole.toString('latin1', 0, header.end),
        structure,
      },
    ),
    opened: {
      storedBytes: whole.length,
      internalDateMs,
      whole,
      lineFeeds: undefined,
      read: async (start, end) => whole.subarray(start, end),
      [Symbol.dispose]: () => {},
    },
  }
}
