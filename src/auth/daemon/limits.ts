/** Bounds of the authdaemon protocol: what the original has (`spec/auth.md` §11.4, §12, §13), and ours where it has none. */
const SECOND = 1_000

export const DAEMON_LIMITS = {
  /** A line of a request, octets without its line feed. */
  lineOctets: 8_190,
  /** Data of AUTH. */
  dataOctets: 8_191,
  /** Metadata lines of one request together. Ours: the original reads without end. */
  metadataOctets: 64 * 1024,
  /** TCPREMOTEIP: what comes after that is dropped. */
  remoteCharacters: 39,
  /** A reply to AUTH or PRE: clients read into a buffer of 8,192. */
  replyOctets: 8_190,
  /** A line of a reply to ENUMERATE that a client of ours takes. */
  enumerationLineOctets: 64 * 1024,
  /** Connections at the same time; more are closed without a word, which means "later". */
  connections: 2_000,
} as const

export const DAEMON_TIMES = {
  /** For the next octets of a request. */
  readMs: 10 * SECOND,
  /** For a whole request. Ours: the original waits as long as something comes. */
  requestMs: 60 * SECOND,
  /** For the client to take some of the reply. */
  writeMs: 30 * SECOND,
  /** For the client to close after the reply. */
  closingMs: 2 * SECOND,
} as const
