import {readFileSync} from 'node:fs'
import {resolve} from 'node:path'
import * as assert from 'uvu/assert'
import {AUTHDAEMONRC} from '../../src/config/authdaemonrc-options.js'
import {IMAPD} from '../../src/config/imapd-options.js'
import {IMAPD_SSL} from '../../src/config/imapd-ssl-options.js'
import type {Option} from '../../src/config/option.js'
import {POP3D} from '../../src/config/pop3d-options.js'
import {POP3D_SSL} from '../../src/config/pop3d-ssl-options.js'
import {readAuthConfiguration} from '../../src/config/read-auth-configuration.js'
import {readConfiguration, readPop3Configuration} from '../../src/config/read-configuration.js'
import {suite} from '../support/suite.js'

const templates = suite('Templates')

interface Block {
  readonly set: Map<string, string>
  readonly comment: string
}

/** Blocks by their `##NAME:` label (`spec/server-config-tls.md` §7.1). */
function blocks(name: string): Map<string, Block> {
  const [header = '', ...parts] = readFileSync(resolve('templates', name), 'utf8').split(/^##NAME: /m)
  assert.match(header.split('\n').slice(0, 20).join('\n'), /^##VERSION: \S/m)
  return new Map(
    parts.map((part) => {
      const [label = '', ...lines] = part.split('\n')
      const settings = lines.filter((line) => /^\w/.test(line)).map((line) => /^(\w+)=(.*)$/.exec(line))
      const set = new Map(settings.map((match) => [match?.[1] ?? '', (match?.[2] ?? '').replace(/^"(.*)"$/, '$1')]))
      return [label, {set, comment: lines.filter((line) => line.startsWith('#')).join('\n')}]
    }),
  )
}

for (const [name, table] of [
  ['imapd', IMAPD],
  ['imapd-ssl', IMAPD_SSL],
  ['pop3d', POP3D],
  ['pop3d-ssl', POP3D_SSL],
  ['authdaemonrc', AUTHDAEMONRC],
] as const) {
  templates(`${name} has every option of its table, with the shipped value`, () => {
    const found = blocks(name)
    for (const option of Object.values(table) as Option<unknown>[]) {
      if (option.block === undefined) continue
      const block = found.get(option.block)
      assert.ok(block, `${option.block} is missing`)
      assert.is(block.set.get(option.name), option.shipped, option.name)
      if (option.shipped === undefined) assert.match(block.comment, new RegExp(`^# ${option.name}=`, 'm'))
    }
  })
}

for (const [name, table] of [
  ['imapd', IMAPD],
  ['imapd-ssl', {...IMAPD_SSL, MAILDIRPATH: IMAPD.MAILDIRPATH}],
  ['pop3d', POP3D],
  ['pop3d-ssl', {...POP3D_SSL, MAILDIRPATH: POP3D.MAILDIRPATH}],
  ['authdaemonrc', AUTHDAEMONRC],
] as const) {
  templates(`${name} sets nothing that is not in its table`, () => {
    const known: Record<string, Option<unknown>> = table
    for (const [label, {set}] of blocks(name)) {
      for (const setting of set.keys()) assert.is(known[setting]?.block, label, setting)
    }
  })
}

templates('load without a word', async () => {
  for (const {problems, notes} of [
    await readConfiguration(resolve('templates')),
    await readPop3Configuration(resolve('templates')),
    await readAuthConfiguration(resolve('templates')),
  ].filter((each) => each !== undefined)) {
    assert.equal(problems, [])
    assert.equal(notes, [])
  }
})

templates.run()
