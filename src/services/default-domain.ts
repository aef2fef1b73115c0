import type {Authenticator} from '../auth/account.js'
import {completeName} from '../auth/complete-name.js'

/**
 * An authenticator for a connection to which access rules give a DEFDOMAIN of its own, as hosts with several addresses have it.
 * Mechanisms whose responses only the auth role reads (CRAM, SCRAM) have the DEFDOMAIN of the configuration.
 */
export function withDefaultDomain(authenticator: Authenticator, variables: ReadonlyMap<string, string>): Authenticator {
  const domain = variables.get('DEFDOMAIN')
  if (!domain) return authenticator
  const separators = variables.get('DOMAINSEP')
  return {
    check: (request) => authenticator.check({...request, user: completeName(request.user, {domain, separators})}),
    begin: (start) => authenticator.begin(start),
  }
}
