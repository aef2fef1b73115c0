/** `courier auth explain`: what a login of a name would meet, step by step. */
import {performance} from 'node:perf_hooks'
import type {Account} from '../../auth/account.js'
import type {AppPasswordStore} from '../../auth/app-passwords/store.js'
import {completeName, type DefaultDomain} from '../../auth/complete-name.js'
import {hashScheme} from '../../auth/hash/hash-scheme.js'
import type {ModuleChain} from '../../auth/module-chain.js'
import type {AccountAttributes, AuthModule, ModuleResult} from '../../auth/modules/module.js'
import {optionIsOn} from '../../auth/options.js'
import {type AccountDefaults, toAccount} from '../../auth/to-account.js'
import type {Secret} from '../../log/secret.js'
import {Fault} from '../../support/fault.js'
import {checkPlaces} from './check-places.js'
import type {ExplainStep, Explanation} from './step.js'

export interface ExplainOptions {
  readonly user: string
  readonly service: string
  /** Checked too, when it is given. */
  readonly password: Secret | undefined
  /** Names in `authmodulelist`. */
  readonly listed: readonly string[]
  /** What is wrong with the sources as a whole. */
  readonly problems: readonly string[]
  /** Those of them that could be made. */
  readonly modules: ModuleChain
  readonly defaults: AccountDefaults
  readonly defaultDomain: DefaultDomain
  readonly appPasswords: AppPasswordStore
}

interface Found {
  readonly module: AuthModule
  readonly account: AccountAttributes
}

export async function explainLogin(options: ExplainOptions): Promise<Explanation> {
  const {user, service, password, listed, problems, modules, defaultDomain, defaults} = options
  const name = completeName(user, defaultDomain)
  const steps: ExplainStep[] = [
    {step: 'name', outcome: 'ok', text: name === user ? `"${name}", as it is` : `"${user}" becomes "${name}" (DEFDOMAIN)`},
    {step: 'modules', outcome: listed.length > 0 ? 'ok' : 'problem', text: `authmodulelist: ${listed.join(' ') || 'empty'}`},
  ]
  for (const text of problems) steps.push({step: 'accounts', outcome: 'warning', text})
  for (const missing of listed.filter((each) => !modules.modules.some((module) => module.name === each))) {
    steps.push({step: missing, outcome: 'warning', text: 'is no module, or not set up: left out'})
  }
  steps.push(await appPasswordStep(options.appPasswords, name))
  const done = (verdict: string, succeeds = false): Explanation => ({user, name, service, steps, verdict, succeeds})

  const {found, down} = await askAll(modules.modules, {name, service, steps})
  if (password !== undefined) steps.push(...(await passwordSteps(modules.modules, {name, service, password})))
  if (!found)
    return done(
      down ? 'A temporary failure ([UNAVAILABLE]): an account source does not answer' : 'Login failed: no account source knows the name',
    )
  steps.push(...passwordFacts(found))
  const account = usable(found, defaults, steps)
  if (!account) return done('Login failed: no session may run as this account')
  steps.push({
    step: 'options',
    outcome: 'ok',
    text: [...account.options].map(([key, value]) => (value === '' ? key : `${key}=${value}`)).join(', ') || 'none',
  })
  const places = await checkPlaces(account)
  steps.push(...places)
  return done(
    ...verdictFor(account, {
      service,
      unusable: places.some(({outcome}) => outcome === 'problem'),
    }),
  )
}

async function appPasswordStep(store: AppPasswordStore, name: string): Promise<ExplainStep> {
  const start = performance.now()
  try {
    const list = await store.of(name)
    const text = list.length === 0 ? 'none' : `${list.length}: ${list.map((each) => `"${each.name}"`).join(', ')}`
    return {step: 'app passwords', outcome: 'ok', text, ms: performance.now() - start}
  } catch (error) {
    return {step: 'app passwords', outcome: 'problem', text: messageOf(error), ms: performance.now() - start}
  }
}

/** Asks the modules in their order, all of them: the first that knows the name counts. */
async function askAll(
  modules: readonly AuthModule[],
  {name, service, steps}: {readonly name: string; readonly service: string; readonly steps: ExplainStep[]},
): Promise<{readonly found: Found | undefined; readonly down: boolean}> {
  let found: Found | undefined
  let down = false
  for (const module of modules) {
    const start = performance.now()
    const result = await answerOf(() => module.find(service, name))
    const ms = performance.now() - start
    if (result.outcome === 'refused') steps.push({step: module.name, outcome: 'note', text: 'does not know the name', ms})
    if (result.outcome === 'unavailable') {
      steps.push({step: module.name, outcome: 'problem', text: `does not answer: ${result.reason}`, ms})
      if (!found && !result.asksOthers) return {found, down: true}
      down ||= !found
    }
    if (result.outcome !== 'accepted') continue
    const {uid, gid, home, maildir, quota, systemUser} = result.account
    const text = `found: ${systemUser === undefined ? `uid ${uid}` : `system user ${systemUser}`}, gid ${gid}, home ${home}, maildir ${maildir || 'default'}, quota ${quota || 'none'}`
    const later = found ? `; only asked when "${found.module.name}" refuses the password` : ''
    steps.push({step: module.name, outcome: 'ok', text: text + later, ms})
    found ??= {module, account: result.account}
  }
  return {found, down}
}

async function answerOf(question: () => Promise<ModuleResult>): Promise<ModuleResult> {
  try {
    return await question()
  } catch (error) {
    return {outcome: 'unavailable', reason: messageOf(error)}
  }
}

/** Which modules accept the password; none is told after the first that does. */
async function passwordSteps(
  modules: readonly AuthModule[],
  {name, service, password}: {readonly name: string; readonly service: string; readonly password: Secret},
): Promise<readonly ExplainStep[]> {
  const steps: ExplainStep[] = []
  for (const module of modules) {
    const start = performance.now()
    const result = await answerOf(() => module.check({service, user: name, password, remote: '::1'}))
    const ms = performance.now() - start
    const step = `${module.name}: password`
    if (result.outcome === 'accepted') return [...steps, {step, outcome: 'ok', text: 'accepted', ms}]
    if (result.outcome === 'refused') steps.push({step, outcome: 'warning', text: 'refused', ms})
    else steps.push({step, outcome: 'problem', text: `does not answer: ${result.reason}`, ms})
  }
  return steps
}

/** What is stored, never the thing itself. */
function passwordFacts({module, account: {passwordHash, clearPassword, secrets}}: Found): readonly ExplainStep[] {
  const steps: ExplainStep[] = []
  if (passwordHash) {
    const {name, weakness} = hashScheme(passwordHash.reveal())
    steps.push({
      step: 'password',
      outcome: weakness === undefined ? 'ok' : 'warning',
      text: `stored as ${name}${weakness === undefined ? '' : `: ${weakness}`}`,
    })
  } else if (clearPassword) steps.push({step: 'password', outcome: 'warning', text: 'stored in clear'})
  else
    steps.push({
      step: 'password',
      outcome: 'note',
      text: `${module.name} tells none: it checks passwords itself, or there is none for this service`,
    })
  const kinds = [...(secrets?.keys() ?? [])]
  if (kinds.length > 0) steps.push({step: 'password', outcome: 'ok', text: `further secrets: ${kinds.join(', ')}`})
  return steps
}

function usable({account}: Found, defaults: AccountDefaults, steps: ExplainStep[]): Account | undefined {
  try {
    return toAccount(account, defaults)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    steps.push({step: 'account', outcome: 'problem', text: error.message})
    return undefined
  }
}

function verdictFor(
  {options}: Account,
  {service, unusable}: {readonly service: string; readonly unusable: boolean},
): [verdict: string, succeeds: boolean] {
  const off = ['imap', 'pop3'].filter((protocol) => optionIsOn(options, `disable${protocol}`))
  const insecure = ['imap', 'pop3'].filter((protocol) => optionIsOn(options, `disableinsecure${protocol}`))
  if (optionIsOn(options, `disable${service}`))
    return [`The password is checked, and then the client is told that ${service} is disabled`, false]
  if (unusable) return ['The password is checked, and then the session fails: see the problems with home and Maildir', false]
  const limits = [...off.map((protocol) => `${protocol} is disabled`), ...insecure.map((protocol) => `${protocol} only with TLS`)]
  return [`Login with the right password succeeds${limits.length > 0 ? `; but: ${limits.join(', ')}` : ''}`, true]
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
