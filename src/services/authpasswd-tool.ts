import {randomBytes} from 'node:crypto'
import {hashLike} from '../auth/hash/hash-like.js'
import {newPassword} from './password-input.js'
import {octetsOf, type Tool} from './tool.js'

const MAX_METHOD_OCTETS = 15

/** `authpasswd [METHOD]`: prints the hash of a password by a scheme in braces, or MD5-crypt (`spec/auth.md` §8.3). */
export const authpasswdTool: Tool = async ([method], io) => {
  const hint = method === undefined ? '$1$' : `{${octetsOf(method).slice(0, MAX_METHOD_OCTETS)}}`
  const password = await newPassword(io)
  if (typeof password === 'number') return password
  const crypt = method === undefined ? (await import('../auth/native.js')).loadCrypt() : undefined
  io.out(`${hashLike(hint, password, {random: randomBytes, crypt})}\n`)
  return 0
}
