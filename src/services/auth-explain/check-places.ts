import type {Stats} from 'node:fs'
import {stat} from 'node:fs/promises'
import {join} from 'node:path'
import type {Account} from '../../auth/account.js'
import {errnoOf} from '../../support/fault.js'
import {systemText} from '../../support/system-text.js'
import type {ExplainStep} from './step.js'

/** Looks at the home and the Maildir of an account as the mail server would find them. */
export async function checkPlaces({uid, gid, home, maildir}: Account): Promise<readonly ExplainStep[]> {
  const steps = [await checkDirectory('home', home, {uid, gid})]
  if (steps[0]?.outcome === 'problem') return steps
  const box = await checkDirectory('maildir', maildir, {uid, gid})
  steps.push(box)
  if (box.outcome === 'problem') return steps
  for (const name of ['cur', 'new', 'tmp']) {
    const found = await checkDirectory('maildir', join(maildir, name), {uid, gid})
    if (found.outcome !== 'ok') steps.push(found)
  }
  return steps
}

async function checkDirectory(step: string, path: string, owner: {readonly uid: number; readonly gid: number}): Promise<ExplainStep> {
  let found: Stats
  try {
    found = await stat(path)
  } catch (error) {
    const hint = errnoOf(error) === 'ENOENT' && step === 'maildir' ? ` (courier maildirmake ${path}, as its owner)` : ''
    return {step, outcome: 'problem', text: `${path}: ${systemText(error)}${hint}`}
  }
  if (!found.isDirectory()) return {step, outcome: 'problem', text: `${path} is no directory`}
  const mode = (found.mode & 0o7777).toString(8).padStart(4, '0')
  if (mayWrite(found, owner)) return {step, outcome: 'ok', text: `${path}: owner ${found.uid}:${found.gid}, mode ${mode}`}
  const text = `${path}: owner ${found.uid}:${found.gid}, mode ${mode}: uid ${owner.uid}, gid ${owner.gid} may not ${step === 'home' ? 'enter' : 'write to'} it`
  return step === 'home' && mayEnter(found, owner)
    ? {step, outcome: 'ok', text: `${path}: owner ${found.uid}:${found.gid}, mode ${mode}`}
    : {step, outcome: 'problem', text}
}

function bitsFor({uid, gid, mode}: Stats, owner: {readonly uid: number; readonly gid: number}): number {
  if (uid === owner.uid) return (mode >> 6) & 7
  return gid === owner.gid ? (mode >> 3) & 7 : mode & 7
}

function mayWrite(found: Stats, owner: {readonly uid: number; readonly gid: number}): boolean {
  return (bitsFor(found, owner) & 3) === 3
}

function mayEnter(found: Stats, owner: {readonly uid: number; readonly gid: number}): boolean {
  return (bitsFor(found, owner) & 1) === 1
}
