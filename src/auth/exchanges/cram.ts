import {checkCram} from '../cram/check-cram.js'
import {type CramMethod, cramMethods} from '../cram/cram.js'
import {BAD_MESSAGE, concluded, type Exchange} from './exchange.js'

const CHALLENGE_OCTETS = 16

/** CRAM-MD5 (RFC 2195) and Courier's CRAM-SHA1 and CRAM-SHA256: the server speaks first (`spec/auth.md` §9.2). */
export const cramExchanges: readonly Exchange[] = cramMethods.map(exchange)

function exchange({mechanism, method}: CramMethod): Exchange {
  return {
    mechanisms: [mechanism],
    begin({service, initial, remote}, tools) {
      if (initial && initial.length > 0) return BAD_MESSAGE
      const {modules, complete, random, hostName, explain} = tools
      const challenge = Buffer.from(`<${random(CHALLENGE_OCTETS).toString('hex').toUpperCase()}@${hostName}>`)
      return {
        kind: 'challenge',
        challenge,
        async answer(response) {
          const request = {service, method, challenge: challenge.toString('base64'), response: response.toString('base64'), remote}
          const onMissingSecret = (user: string) => explain(user, mechanism, `It has no ${method.replace('cram', 'hmac')}pw`)
          return concluded(await checkCram(modules, request, {complete, onMissingSecret}), tools)
        },
      }
    },
  }
}
