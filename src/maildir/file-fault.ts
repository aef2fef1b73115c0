import {errnoOf, Fault, type FaultCode} from '../support/fault.js'

const CODES: Record<string, FaultCode> = {
  EACCES: 'no-access',
  EPERM: 'no-access',
  EROFS: 'read-only',
  ENOSPC: 'no-space',
  EDQUOT: 'no-space',
  EMFILE: 'unavailable',
  ENFILE: 'unavailable',
  ENAMETOOLONG: 'invalid-name',
}

/** A failed file call as a `Fault`; what is one already, or no failed call at all (a bug), is given back as it is. */
export function fileFault(error: unknown, doing: string): Error {
  if (!(error instanceof Error)) return new Error(String(error))
  const errno = errnoOf(error)
  if (error instanceof Fault || errno === undefined) return error
  return new Fault(CODES[errno] ?? 'io-error', `${doing}: ${error.message}`, {cause: error})
}
