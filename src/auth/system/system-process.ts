/**
 * A process that asks the C library about system accounts and PAM: both may block for seconds and run other people's modules
 * within the process. Made by `system-processes.ts`, ends with it.
 */
import {loadNameService, type NameService, type ShadowEntry, type SystemAccount} from './name-service.js'
import {type CheckByPam, loadPam, type PamRequest, type PamResult} from './pam.js'

export type SystemQuestion =
  | {readonly kind: 'account'; readonly name: string; readonly wantsShadow: boolean}
  | {readonly kind: 'accounts'; readonly leastUid: number}
  | {readonly kind: 'ids'; readonly user: string | undefined; readonly group: string | undefined}
  | ({readonly kind: 'pam'} & PamRequest)

export interface FoundAccount {
  readonly account: SystemAccount
  readonly shadow: ShadowEntry | undefined
  /** Why shadow(5) could not be read. */
  readonly shadowProblem: string | undefined
}

export interface SystemAnswers {
  readonly account: {readonly found: FoundAccount | null}
  readonly accounts: {readonly accounts: readonly SystemAccount[]}
  /** Undefined for names that nobody has. */
  readonly ids: {readonly uid?: number | undefined; readonly gid?: number | undefined}
  readonly pam: PamResult
}

export type SystemReply<Kind extends keyof SystemAnswers = keyof SystemAnswers> =
  | {readonly answer: SystemAnswers[Kind]}
  | {readonly problem: string}

let names: NameService | undefined
let pam: CheckByPam | undefined

function find(name: string, wantsShadow: boolean): FoundAccount | null {
  names ??= loadNameService()
  const account = names.account(name)
  if (!account) return null
  if (!wantsShadow) return {account, shadow: undefined, shadowProblem: undefined}
  try {
    return {account, shadow: names.shadow(name), shadowProblem: undefined}
  } catch (error) {
    return {account, shadow: undefined, shadowProblem: error instanceof Error ? error.message : String(error)}
  }
}

function answer(question: SystemQuestion): SystemAnswers[keyof SystemAnswers] {
  switch (question.kind) {
    case 'account':
      return {found: find(question.name, question.wantsShadow)}
    case 'accounts':
      names ??= loadNameService()
      return {accounts: names.accounts(question.leastUid)}
    case 'ids':
      names ??= loadNameService()
      return {
        uid: question.user ? names.account(question.user)?.uid : undefined,
        gid: question.group ? names.group(question.group) : undefined,
      }
    case 'pam':
      pam ??= loadPam()
      return pam(question)
  }
}

process.on('message', (question: SystemQuestion) => {
  let reply: SystemReply
  try {
    reply = {answer: answer(question)}
  } catch (error) {
    reply = {problem: error instanceof Error ? error.message : String(error)}
  }
  process.send?.(reply)
})
process.on('disconnect', () => process.exit(0))
