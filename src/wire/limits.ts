/**
 * Bounds of everything that a peer can make us hold or wait for (`design.md` §7).
 *
 * Times are Courier's where it has one (`spec/imap.md` §1.5).
 */

const KIB = 1024
const MIB = 1024 * KIB
const SECOND = 1_000
const MINUTE = 60 * SECOND

export const LIMITS = {
  /** A line before login, octets without its line end. */
  lineBeforeLogin: 8 * KIB,
  /** A line after login. */
  lineAfterLogin: 64 * KIB,
  /** A literal that is an argument (not a message). */
  literalBeforeLogin: 8 * KIB,
  literalAfterLogin: 64 * KIB,
  /** A whole command: its lines and literals together. */
  commandBeforeLogin: 16 * KIB,
  commandAfterLogin: 256 * KIB,
  /** Octets of a line that is too long, or of a literal nobody asked for, that are read and thrown away; more ends the connection. */
  discarded: 64 * MIB,
  /** A TLS write; the next one follows when this one is gone. It makes one record, which fits into one buffer of a TLS socket. */
  tlsPiece: 16 * KIB - 128,
} as const

export const TIMES = {
  /** From the connection to the login, whatever happens in between. */
  loginMs: 60 * SECOND,
  /** From one command to the next, and inside IDLE. */
  idleMs: 30 * MINUTE,
  /** For the next octets of a command that has begun, of a literal or of a SASL exchange. */
  commandMs: 60 * SECOND,
  /** For the peer to take some of what we write. */
  stalledWriteMs: 60 * SECOND,
  /** For the peer to close after we have said goodbye. */
  closingMs: 2 * SECOND,
} as const
