import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {dirname, join, relative, resolve} from 'node:path'
import * as assert from 'uvu/assert'
import {suite} from '../support/suite.js'

/** Folder → folders that it may import from (besides itself). */
const LAYERS: Record<string, readonly string[]> = {
  support: [],
  log: ['support'],
  config: ['log', 'support'],
  tls: ['config', 'support'],
  wire: ['support'],
  message: ['support'],
  maildir: ['message', 'log', 'support'],
  auth: ['wire', 'config', 'log', 'support'],
  imap: ['wire', 'maildir', 'message', 'auth', 'log', 'support'],
  pop3: ['wire', 'maildir', 'message', 'auth', 'log', 'support'],
  smap: ['wire', 'maildir', 'message', 'auth', 'log', 'support'],
  net: ['wire', 'tls', 'config', 'log', 'support'],
  services: ['net', 'imap', 'pop3', 'smap', 'auth', 'maildir', 'message', 'wire', 'tls', 'config', 'log', 'support'],
}

/** Package → folder below `src/` whose one file may import it. */
const PACKAGES: Record<string, string> = {
  'node-forge': 'tls',
  lmdb: 'support',
  koffi: 'support',
  mysql2: 'auth',
  pg: 'auth',
  ldapts: 'auth',
  diff: 'services',
}

const root = resolve(process.cwd())

function sources(folder: string): string[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), {recursive: true, encoding: 'utf8'})
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8')
  const specifiers = /^import\s+['"]([^'"]+)['"]|^(?:import|export)\s[^'"]*?\sfrom\s+['"]([^'"]+)['"]|\bimport\(['"]([^'"]+)['"]\)/gm
  return [...text.matchAll(specifiers)].map((match) => match[1] ?? match[2] ?? match[3] ?? '')
}

const rules = suite('Layers')

rules('imports in src/ point downwards only', () => {
  const wrong: string[] = []
  for (const file of sources('src')) {
    const layer = file.split('/')[1] ?? ''
    const allowed = LAYERS[layer]
    if (!allowed) wrong.push(`${file}: "${layer}" is not a layer`)
    for (const target of importsOf(file).filter((name) => name.startsWith('.'))) {
      const path = relative(root, resolve(root, dirname(file), target)).split('/')
      const to = path[1] ?? ''
      if (path[0] !== 'src' || (to !== layer && !allowed?.includes(to))) wrong.push(`${file} imports ${target}`)
    }
  }
  assert.equal(wrong, [])
})

rules('commands import services, support and oclif only', () => {
  const wrong = sources('commands').flatMap((file) =>
    importsOf(file)
      .filter((name) => !/^(@oclif\/core|enquirer$|node:|.*\/src\/(services|support)\/)/.test(name))
      .map((name) => `${file} imports ${name}`),
  )
  assert.equal(wrong, [])
})

rules('a third-party package is imported by one file only', () => {
  const users = new Map<string, Set<string>>()
  for (const file of sources('src')) {
    for (const name of importsOf(file).filter(
      (target) => !target.startsWith('.') && !target.startsWith('node:') && target !== '@oclif/core',
    )) {
      users.set(name, (users.get(name) ?? new Set()).add(file))
    }
  }
  const wrong = [...users].filter(([, files]) => files.size > 1).map(([name, files]) => `${name}: ${[...files].join(', ')}`)
  for (const [name, layer] of Object.entries(PACKAGES)) {
    for (const file of users.get(name) ?? []) if (!file.startsWith(`src/${layer}/`)) wrong.push(`${name} is imported by ${file}`)
  }
  assert.equal(wrong, [])
})

rules('tests make suites with the strict one', () => {
  const wrong = sources('test').filter((file) => file.endsWith('.test.ts') && importsOf(file).includes('uvu'))
  assert.equal(wrong, [])
})

rules.run()
