import {decodeBase64} from '../base64.js'
import {userNameOf} from '../credentials.js'
import type {ModuleChain} from '../module-chain.js'
import type {AccountAttributes, AuthModule, ChallengeCheck, ModuleResult} from '../modules/module.js'
import {type CramMethod, type CramResponse, cramMatches, cramMethods, formatCramResponse, readCramResponse} from './cram.js'

const REFUSED: ModuleResult = {outcome: 'refused'}

export interface CramOptions {
  /** The name in full, as DEFDOMAIN has it; the digest does not depend on the name. */
  readonly complete: (user: string) => string
  /** An account was found that has nothing to check the response with. */
  readonly onMissingSecret?: (user: string) => void
}

interface CramQuestion {
  readonly user: string
  readonly method: CramMethod
  readonly challenge: Buffer
  readonly response: CramResponse
}

/** Asks the account sources in their order about a CRAM response (`spec/auth.md` §9.3, §14). The account comes without its hash. */
export async function checkCram(
  chain: Pick<ModuleChain, 'ask'>,
  request: ChallengeCheck,
  {complete, onMissingSecret = () => undefined}: CramOptions,
): Promise<ModuleResult> {
  const question = readQuestion(request)
  if (!question) return REFUSED
  const user = complete(question.user)
  const response = formatCramResponse({...question.response, user: Buffer.from(user)}).toString('base64')
  return chain.ask(user, (module) =>
    module.checkChallenge
      ? module.checkChallenge({...request, response})
      : checkCramOf(module, {service: request.service, question: {...question, user}, onMissingSecret}),
  )
}

/** The same for one source, which checks nothing itself. */
export async function checkCramBySecrets(module: Pick<AuthModule, 'find'>, request: ChallengeCheck): Promise<ModuleResult> {
  const question = readQuestion(request)
  return question ? checkCramOf(module, {service: request.service, question, onMissingSecret: () => undefined}) : REFUSED
}

function readQuestion({method: name, challenge, response}: ChallengeCheck): CramQuestion | undefined {
  const method = cramMethods.find((each) => each.method === name)
  const [asked, answered] = [challenge, response].map((text) => decodeBase64(Buffer.from(text, 'latin1')))
  const read = method && answered && readCramResponse(method, answered)
  const user = read && userNameOf(read.user)
  return method && read && asked && user !== undefined ? {user, method, challenge: asked, response: read} : undefined
}

async function checkCramOf(
  module: Pick<AuthModule, 'find'>,
  {
    service,
    question: {user, method, challenge, response},
    onMissingSecret,
  }: {readonly service: string; readonly question: CramQuestion; readonly onMissingSecret: (user: string) => void},
): Promise<ModuleResult> {
  const found = await module.find(service, user)
  if (found.outcome === 'unavailable') return found
  const account = found.outcome === 'accepted' ? found.account : undefined
  const secrets = account && secretsOf(account, method)
  const matches = cramMatches(method, {challenge, given: response.digest}, secrets)
  if (account && secrets?.context === undefined && secrets?.clearPassword === undefined) onMissingSecret(user)
  if (!account || !matches) return REFUSED
  const {passwordHash: _hash, secrets: _secrets, ...rest} = account
  return {outcome: 'accepted', account: rest}
}

function secretsOf({secrets, clearPassword}: AccountAttributes, {field}: CramMethod) {
  return {context: secrets?.get(field)?.reveal(), clearPassword: clearPassword?.reveal()}
}
