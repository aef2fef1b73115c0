import {readFileSync} from 'node:fs'
import {dirname, relative, resolve} from 'node:path'
import * as assert from 'uvu/assert'
import {suite} from '../support/suite.js'

const rules = suite('Supervisor')

/** What a built file imports when it is loaded. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  const specifiers = /^(?:import|export)\s[^'"]*?\sfrom\s+['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]/gm
  return [...text.matchAll(specifiers)].map((match) => match[1] ?? match[2] ?? '')
}

/** All files that are loaded with this one, and the packages that are not of this program. */
function loadedWith(main: string): {readonly files: readonly string[]; readonly packages: readonly string[]} {
  const files = new Set([main])
  const packages = new Set<string>()
  for (const file of files) {
    for (const name of importsOf(file)) {
      if (name.startsWith('.')) files.add(resolve(dirname(file), name))
      else if (!name.startsWith('node:')) packages.add(`${name} by ${relative('.', file)}`)
    }
  }
  return {files: [...files], packages: [...packages]}
}

rules('loads no code of others (design.md §2)', () => {
  const {files, packages} = loadedWith(resolve('dist/src/services/processes/supervisor-main.js'))
  assert.ok(files.length > 20)
  assert.equal(packages, [])
})

rules('has no parser of what clients send, and nothing that reads mail', () => {
  const {files} = loadedWith(resolve('dist/src/services/processes/supervisor-main.js'))
  const wrong = files.map((file) => relative('dist/src', file)).filter((file) => /^(imap\/(grammar|verbs)|message)\//.test(file))
  assert.equal(wrong, [])
})

rules('the program of the roles loads nothing before it has given root up', () => {
  assert.equal(
    loadedWith(resolve('dist/src/services/processes/role-main.js')).files.map((file) => relative('dist/src/services/processes', file)),
    ['role-main.js'],
  )
})

rules.run()
