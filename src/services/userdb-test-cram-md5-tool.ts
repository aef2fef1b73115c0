import {cramMd5Response} from '../auth/hmac/cram-response.js'
import type {Tool} from './tool.js'

/** `userdb-test-cram-md5`: answers a pasted CRAM-MD5 challenge (`spec/auth.md` §7.3). Ends with 1 when its input ends too early. */
export const userdbTestCramMd5Tool: Tool = async (_args, {out, input}) => {
  out('Username? ')
  const user = await input.next()
  out('Password? ')
  const password = await input.next()
  out('Send: AUTH CRAM-MD5 (or for imap, A AUTHENTICATE CRAM-MD5)\nPaste the challenge here:\n+ ')
  const challenge = await input.next()
  if (!user || !password || !challenge) return 1
  const octets = Buffer.from(challenge.toString('latin1').replace(/^\+? */, ''), 'base64')
  // Courier: base64 is wrapped at 76 characters, which no server takes.
  out(`Send this response:\n${cramMd5Response(user, password, octets)}\n\n`)
  return 0
}
