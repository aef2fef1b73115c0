import {IMAPD_SSL} from '../config/imapd-ssl-options.js'
import type {Settings} from '../config/settings.js'

/** Account sources that only check passwords: they give nothing to check CRAM or SCRAM with. */
const PASSWORDS_ONLY = new Set(['authpam', 'authpwd', 'authshadow'])
const NEEDS_SECRET = /^(CRAM|SCRAM)-/

/** Of the mechanisms that are switched on, those that an account source can check. */
export function possibleMechanisms(mechanisms: readonly string[], modules: readonly string[]): readonly string[] {
  const possible = modules.some((name) => !PASSWORDS_ONLY.has(name))
  return mechanisms.filter((name) => possible || !NEEDS_SECRET.test(name))
}

/** What an administrator has to know about the mechanisms that the files switch on. */
export function mechanismWarnings(
  mechanisms: readonly string[],
  {settings, modules}: {readonly settings: Settings; readonly modules: readonly string[]},
): string[] {
  const possible = possibleMechanisms(mechanisms, modules)
  const vain = mechanisms.filter((name) => !possible.includes(name))
  return [
    ...(vain.length > 0 ? [`${vain.join(', ')}: not announced, no module of authmodulelist has the secrets for it`] : []),
    ...certificateWarnings(settings),
  ]
}

function certificateWarnings(settings: Settings): string[] {
  if (!settings.get(IMAPD_SSL.TLS_EXTERNAL)) return []
  if (settings.get(IMAPD_SSL.TLS_VERIFYPEER) === 'none')
    return ['TLS_EXTERNAL has no effect: TLS_VERIFYPEER is NONE, so clients are not asked for a certificate']
  const trust = settings.get(IMAPD_SSL.TLS_TRUSTCERTS)
  if (trust !== IMAPD_SSL.TLS_TRUSTCERTS.shipped) return []
  return [
    `TLS_EXTERNAL: TLS_TRUSTCERTS is "${trust}", so everybody with a certificate of a public authority can log in: name your own authority`,
  ]
}
