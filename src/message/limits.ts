/** Bounds of the message layer: what is beyond is cut or left unparsed, never an error. One place for all. */
export const LIMITS = {
  /** Octets of one header block that are looked at; the rest counts as header, but its fields are not seen. */
  headerOctets: 1_048_576,
  /** Octets of all header blocks of one message together that are looked at. */
  allHeaderOctets: 8_388_608,
  /** Fields of one header block. */
  headerFields: 10_000,
  /** Levels of MIME: the message itself is the first (`spec/imap.md` §13.5). */
  mimeDepth: 20,
  /** Entities of one message (`spec/imap.md` §13.5); beyond, no more boundaries are looked for. */
  entities: 300,
  /** A longer boundary parameter counts as none (RFC 2046 §5.1.1 allows 70). */
  boundaryOctets: 512,
  /** Parameters of one Content-Type or Content-Disposition. */
  parameters: 100,
  /** Octets of one value in an envelope or body structure, cut (`spec/imap.md` §13.6). */
  valueOctets: 8_192,
  /** Octets of one address field in an envelope, repeated fields together. */
  addressFieldOctets: 262_144,
  /** Addresses of one field in an envelope. */
  addresses: 10_000,
  /** Identifiers taken from one References field. */
  references: 200,
  /** Ids of missing messages that THREAD remembers, for each message; beyond, unknown ids are skipped. */
  dummiesPerMessage: 20,
} as const
