import {BAD_MESSAGE, concluded, type Exchange, REFUSED} from './exchange.js'

/**
 * EXTERNAL: the account is the one that the verified client certificate names (RFC 4422 appendix A, `spec/auth.md` §10). An
 * authorization identity must be exactly that name.
 *
 * The front has done the handshake, so its word for the certificate is taken: only here, and only where TLS_EXTERNAL is set.
 */
export const external: Exchange = {
  mechanisms: ['EXTERNAL'],
  begin({service, initial, channel: {certificateIdentity}}, tools) {
    if (certificateIdentity === undefined || !tools.acceptsCertificates) return REFUSED
    const enter = async () => concluded(await tools.modules.find(service, certificateIdentity), tools)
    if (initial && initial.length > 0) return initial.equals(Buffer.from(certificateIdentity)) ? enter() : REFUSED
    // Courier: an empty initial response is asked for once more, and the answer must be empty as well.
    return {
      kind: 'challenge',
      challenge: Buffer.alloc(0),
      answer: async (response) => (response.length === 0 ? enter() : BAD_MESSAGE),
    }
  },
}
