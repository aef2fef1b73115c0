import {Socket, type SocketConstructorOpts} from 'node:net'

/** More than the four kinds of objects that V8 tells apart at one place of a program. */
const KINDS = ['a', 'b', 'c', 'd', 'e']

/**
 * Makes a few sockets that nobody uses, with options of different kinds: those that are made afterwards cost less.
 *
 * `Socket` copies its options and adds to the copy. As long as V8 11 (Node 20) has seen few kinds of options there, each copy gets hidden
 * classes of its own, and none of the 28 looks at it finds its place in a cache; a TLS handshake, which has two sockets, takes 7 % more
 * time by that. For many kinds the copies share their classes. What V8 has seen it forgets when code was not used for a while.
 */
export function shareSocketShapes(): void {
  for (const kind of KINDS) new Socket({[kind]: true} as SocketConstructorOpts)
}

/** The runtime needs it. */
export const NEEDS_SHARED_SHAPES = Number.parseInt(process.versions.v8, 10) < 12
