import {IMAPD_SSL} from '../config/imapd-ssl-options.js'
import type {Problem} from '../config/problem.js'
import type {Settings} from '../config/settings.js'
import {errnoOf, Fault} from '../support/fault.js'
import {loadCertificate} from '../tls/load-certificate.js'
import {MaterialLoader} from '../tls/load-material.js'
import {readTlsRules} from '../tls/tls-rules.js'

export interface CertificateCheck {
  /** The plain port, with STARTTLS. */
  readonly startTls: boolean
  /** Where to look for TLS_CERTFILE when it is not set. */
  readonly file: string
  readonly now: Date
}

/** What is wrong with the certificates of a port, at the line that names it. A file that only the server may read is a warning. */
export async function certificateProblems(settings: Settings, {startTls, file, now}: CertificateCheck): Promise<Problem[]> {
  const set = settings.assignmentOf(IMAPD_SSL.TLS_CERTFILE)
  const problem = (severity: Problem['severity'], text: string): Problem => ({
    severity,
    file: set?.file ?? file,
    line: set?.line,
    text,
  })
  try {
    const {rules, warnings} = readTlsRules(settings, {startTls})
    const {certificate, key} = rules.files
    const {validTo} = await loadCertificate({certificate, keys: key === undefined ? [] : [key]})
    const ended = validTo < now ? [`${certificate}: The certificate ended on ${validTo.toISOString().slice(0, 10)}`] : []
    const others = await new MaterialLoader(rules.files).load()
    return [...new Set([...warnings, ...ended, ...others.problems, ...others.warnings])].map((text) => problem('warning', text))
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return [problem(errnoOf(error.cause) === 'EACCES' ? 'warning' : 'error', error.message)]
  }
}
