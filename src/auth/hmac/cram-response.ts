import {createHmac} from 'node:crypto'

/** What a CRAM-MD5 client answers to a challenge, base64 (RFC 2195 §2). All are octets. */
export function cramMd5Response(user: Buffer, password: Buffer, challenge: Buffer): string {
  const digest = createHmac('md5', password).update(challenge).digest('hex')
  return Buffer.concat([user, Buffer.from(` ${digest}`)]).toString('base64')
}
