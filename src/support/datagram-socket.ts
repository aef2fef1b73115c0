/**
 * Sends to a Unix datagram socket, which Node cannot: syslog's `/dev/log`, systemd's `NOTIFY_SOCKET`. Linux only.
 *
 * The socket never waits: a send takes a few microseconds or fails, so it may be called on the event loop.
 */
import {endianness} from 'node:os'
import {Fault} from './fault.js'
import {koffi} from './native-library.js'

const AF_UNIX = 1
// As the kernel has them on all but a few old architectures.
const SOCK_DGRAM = 2
const SOCK_NONBLOCK = 0o4000
const SOCK_CLOEXEC = 0o2000000
const MSG_DONTWAIT = 0x40
const MSG_NOSIGNAL = 0x4000
/** `sun_path` (unix(7)). */
const PATH_OCTETS = 108

/** Why a send failed: the receiver has no room now, is gone, does not take this much, or something else. */
export type SendProblem = 'full' | 'gone' | 'too-long'

export interface DatagramSocket {
  /** Sends one datagram; undefined when it is on its way. */
  send(octets: Buffer): SendProblem | undefined
  close(): void
}

interface Calls {
  socket(family: number, type: number, protocol: number): number
  connect(fd: number, address: Buffer, octets: number): number
  send(fd: number, octets: Buffer, length: number, flags: number): number
  close(fd: number): number
}

function loadCalls(): Calls {
  if (process.platform !== 'linux') throw new Fault('unavailable', 'Unix datagram sockets are used on Linux only')
  try {
    const library = koffi.load(null)
    return {
      socket: library.func('int socket(int family, int type, int protocol)'),
      connect: library.func('int connect(int fd, uint8_t *address, uint32_t octets)'),
      send: library.func('long send(int fd, uint8_t *octets, size_t length, int flags)'),
      close: library.func('int close(int fd)'),
    }
  } catch (error) {
    throw new Fault('unavailable', 'This system has no sockets that can be used', {cause: error})
  }
}

/** `struct sockaddr_un`; a path that begins with `@` is a name in the abstract namespace (unix(7), sd_notify(3)). */
function addressOf(path: string): Buffer {
  const name = Buffer.from(path)
  if (name.length === 0 || name.length >= PATH_OCTETS) throw new Fault('unavailable', `The path of the socket is too long: ${path}`)
  const isAbstract = name[0] === 0x40
  if (isAbstract) name[0] = 0
  const family = Buffer.alloc(2)
  if (endianness() === 'LE') family.writeUInt16LE(AF_UNIX)
  else family.writeUInt16BE(AF_UNIX)
  return Buffer.concat([family, name, Buffer.alloc(isAbstract ? 0 : 1)])
}

function problemOf(errno: number): SendProblem {
  const {EAGAIN, ENOBUFS, EMSGSIZE} = koffi.os.errno as Readonly<Record<string, number>>
  if (errno === EAGAIN || errno === ENOBUFS) return 'full'
  return errno === EMSGSIZE ? 'too-long' : 'gone'
}

/**
 * Prepares for sending to Unix datagram sockets; the answer connects to one.
 *
 * @throws {Fault} `unavailable`: the system cannot
 */
export function loadDatagrams(): (path: string) => DatagramSocket | undefined {
  const calls = loadCalls()
  return (path) => {
    const address = addressOf(path)
    const fd = calls.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
    if (fd < 0) return undefined
    if (calls.connect(fd, address, address.length) !== 0) {
      calls.close(fd)
      return undefined
    }
    return {
      send(octets) {
        const sent = Number(calls.send(fd, octets, octets.length, MSG_DONTWAIT | MSG_NOSIGNAL))
        return sent < 0 ? problemOf(koffi.errno()) : undefined
      },
      close: () => void calls.close(fd),
    }
  }
}
