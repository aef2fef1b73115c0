import type {Log} from '../../log/log.js'
import type {CheckResult, ExchangeStart, ExchangeStep} from '../account.js'
import type {ModuleChain} from '../module-chain.js'
import type {AccountAttributes, ModuleResult} from '../modules/module.js'
import type {TokenVerifier} from '../oauth/token-verifier.js'
import type {Decoys} from '../scram/decoys.js'

/** What the auth role offers to its exchanges. */
export interface ExchangeTools {
  readonly modules: ModuleChain
  /** The name in full, as DEFDOMAIN has it. */
  readonly complete: (user: string) => string
  /** A ticket for an account whose client has proven itself. */
  readonly admit: (found: AccountAttributes) => Promise<CheckResult>
  readonly random: (octets: number) => Buffer
  readonly log: Log
  /** Names this host in challenges. */
  readonly hostName: string
  /** Tells an administrator, once, why an account cannot log in with a mechanism. */
  readonly explain: (user: string, method: string, reason: string) => void
  /** What names without a secret for SCRAM are asked with. */
  readonly decoys: Decoys
  /** TLS_EXTERNAL is set: certificates log in. */
  readonly acceptsCertificates: boolean
  /** Undefined: no tokens. */
  readonly tokens: TokenVerifier | undefined
}

/** A mechanism as the auth role plays it. */
export interface Exchange {
  readonly mechanisms: readonly string[]
  begin(start: ExchangeStart, tools: ExchangeTools): ExchangeStep | Promise<ExchangeStep>
}

const EMPTY = Buffer.alloc(0)

export const REFUSED: ExchangeStep = {kind: 'checked', result: {outcome: 'refused'}}
export const BAD_MESSAGE: ExchangeStep = {kind: 'failed', reason: 'bad-message'}

/** The client speaks first: its initial response, or its answer to an empty challenge (RFC 4422 §5). */
export function clientFirst(
  initial: Buffer | undefined,
  next: (message: Buffer) => Promise<ExchangeStep>,
): ExchangeStep | Promise<ExchangeStep> {
  return initial === undefined ? {kind: 'challenge', challenge: EMPTY, answer: next} : next(initial)
}

/** Ends an exchange with what the account sources say. */
export async function concluded(result: ModuleResult, {admit}: Pick<ExchangeTools, 'admit'>): Promise<ExchangeStep> {
  return {kind: 'checked', result: result.outcome === 'accepted' ? await admit(result.account) : result}
}
