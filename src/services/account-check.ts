import {constants} from 'node:fs'
import {access} from 'node:fs/promises'
import {join} from 'node:path'
import {userdbPaths} from '../auth/userdb/paths.js'
import {errnoOf} from '../support/fault.js'
import type {AuthSettings} from './start-auth.js'

/** Why logins would fail although the server runs, and what to do about it: for the log at the start. */
export async function accountProblems({directory, modules}: AuthSettings): Promise<string[]> {
  if (!modules.includes('authuserdb')) return ['authmodulelist does not name authuserdb: there are no accounts in this version']
  const {open, shadow} = userdbPaths(join(directory, 'userdb'))
  const problems: string[] = []
  for (const path of [open, shadow]) {
    try {
      await access(path, constants.R_OK)
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [`${path} does not exist: run "courier makeuserdb" to compile the accounts`]
      problems.push(`${path} cannot be read, logins will fail: give it to the user that serves (chown), makeuserdb keeps its owner`)
    }
  }
  return problems
}
