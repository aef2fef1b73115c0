import type {OAuthSettings} from '../auth/oauth/create-verifier.js'
import {AUTHDAEMONRC} from '../config/authdaemonrc-options.js'
import type {Settings} from '../config/settings.js'
import {Fault} from '../support/fault.js'

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/**
 * How tokens are checked; undefined when they are not accepted.
 *
 * @throws {Fault} `bad-configuration` for settings that would accept tokens they should not
 */
export function oauthSettings(settings: Settings): OAuthSettings | undefined {
  const keys = settings.get(AUTHDAEMONRC.OAUTH_KEYS) || undefined
  const url = settings.get(AUTHDAEMONRC.OAUTH_INTROSPECTION_URL) || undefined
  const audience = settings.get(AUTHDAEMONRC.OAUTH_AUDIENCE) || undefined
  if (keys === undefined && url === undefined) return undefined
  if (keys !== undefined && audience === undefined) {
    throw new Fault(
      'bad-configuration',
      'OAUTH_KEYS needs OAUTH_AUDIENCE: without it, tokens that are meant for other servers would log in',
    )
  }
  if (url !== undefined) checkAddress(url)
  return {
    keys,
    audience,
    introspection: url === undefined ? undefined : introspectionSettings(url, settings),
    issuer: settings.get(AUTHDAEMONRC.OAUTH_ISSUER) || undefined,
    scope: settings.get(AUTHDAEMONRC.OAUTH_SCOPE) || undefined,
    userClaim: settings.get(AUTHDAEMONRC.OAUTH_USER_CLAIM),
    discovery: settings.get(AUTHDAEMONRC.OAUTH_DISCOVERY) || undefined,
  }
}

function introspectionSettings(url: string, settings: Settings): OAuthSettings['introspection'] {
  return {
    url,
    clientId: settings.get(AUTHDAEMONRC.OAUTH_CLIENT_ID) || undefined,
    clientSecretFile: settings.get(AUTHDAEMONRC.OAUTH_CLIENT_SECRETFILE) || undefined,
    trustFile: settings.get(AUTHDAEMONRC.OAUTH_TRUSTCERTS) || undefined,
  }
}

/** Tokens do not travel in clear beyond this host. */
function checkAddress(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname))) return
  throw new Fault('bad-configuration', `OAUTH_INTROSPECTION_URL "${text}" must be an https address (http on this host only)`)
}
