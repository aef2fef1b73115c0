import {chmod, mkdir, realpath, rename, symlink, unlink, writeFile} from 'node:fs/promises'
import * as assert from 'uvu/assert'
import {authcustom, securePath} from '../../../src/auth/modules/authcustom.js'
import {suite} from '../../support/suite.js'
import {MARKER, walkWithMarker} from '../support/marker.js'
import {moduleUnderTest} from '../support/module-context.js'
import {scratch} from '../support/scratch.js'

const custom = suite('authcustom')

const SOURCE = `export default {
  name: 'authcustom',
  create({log}) {
    const account = {address: 'ann', uid: 5001, gid: 5001, home: '/srv/mail/ann', maildir: undefined, quota: undefined, fullName: undefined, options: undefined}
    return {
      name: 'authcustom',
      check: async ({user, password}) => (user === 'ann' && password.reveal() === 'secret' ? {outcome: 'accepted', account} : {outcome: 'refused'}),
      find: async (service, user) => (user === 'ann' ? {outcome: 'accepted', account} : {outcome: 'refused'}),
      health: async () => ({usable: true}),
      close: async () => {},
    }
  },
}
`

async function place(source = SOURCE) {
  const made = await scratch()
  await mkdir(made.path('own'), {mode: 0o755})
  const path = made.path('own', 'custom.mjs')
  await writeFile(path, source, {mode: 0o644})
  return {...made, path, module: () => moduleUnderTest(authcustom, undefined, {environment: {AUTHCUSTOM_MODULE: path}})}
}

custom("the administrator's module checks passwords", async () => {
  await using at = await place()
  await using made = await at.module()
  assert.is(await made.outcome('ann', 'secret'), 'accepted')
  assert.is(await made.outcome('ann', 'wrong'), 'refused')
  assert.is((await made.module.find('imap', 'ann')).outcome, 'accepted')
  assert.is(await made.change('ann', 'secret', 'next'), 'refused')
  assert.equal(await made.list(), [])
  assert.equal(await made.module.health(), {usable: true})
})

for (const [what, spoil] of [
  ['a file that the group may write', (at: {path: string}) => chmod(at.path, 0o664)],
  ['a file that all may write', (at: {path: string}) => chmod(at.path, 0o646)],
  ['a folder that all may write', (at: {directory: string}) => chmod(`${at.directory}/own`, 0o757)],
  ['a sticky folder that all may write', (at: {directory: string}) => chmod(`${at.directory}/own`, 0o1777)],
  ['a folder above that the group may write', (at: {directory: string}) => chmod(at.directory, 0o770)],
  [
    'a link to a file that all may write',
    async (at: {path: string; directory: string}) => {
      await mkdir(`${at.directory}/open`, {mode: 0o755})
      await rename(at.path, `${at.directory}/open/custom.mjs`)
      await chmod(`${at.directory}/open`, 0o777)
      await symlink(`${at.directory}/open/custom.mjs`, at.path)
    },
  ],
] as const) {
  custom(`${what} is not loaded`, async () => {
    await using at = await place()
    await spoil(at)
    await using made = await at.module()
    const result = await made.check('ann', 'secret').catch((error: Error) => error)
    assert.match(result instanceof Error ? `${result.name} ${result.message}` : JSON.stringify(result), /^Fault .*can be changed by others/)
    assert.is((await made.module.health()).usable, false)
  })
}

custom('what is loaded is the file that was looked at: a link that leads elsewhere a moment later changes nothing', async () => {
  await using at = await place()
  const link = `${at.directory}/link.mjs`
  await symlink(at.path, link)
  const file = await securePath(link)
  await unlink(link)
  await symlink('/etc/passwd', link)
  assert.is(file, await realpath(at.path))
})

for (const [what, source] of [
  ['with a wrong syntax', 'export default {'],
  ['without a default export', 'export const x = 1'],
  ['that makes nothing', 'export default {name: "x", create: () => undefined}'],
] as const) {
  custom(`a module ${what} is unavailable`, async () => {
    await using at = await place(source)
    await using made = await at.module()
    assert.is(await made.check('ann', 'secret').catch((error: Error) => error.name), 'Fault')
  })
}

custom('no password appears in logs, answers or errors, whatever the module does', async () => {
  const throwing = SOURCE.replace("password.reveal() === 'secret' ?", `password.reveal() === '${MARKER}' ?`)
    .replace(
      'find: async (service, user) => (',
      "find: async (service, user) => { if (user !== 'ann') throw new Error('no such user'); return (",
    )
    .replace("{outcome: 'refused'}),\n      health", "{outcome: 'refused'})},\n      health")
  await using at = await place(throwing)
  await walkWithMarker({type: authcustom, environment: {AUTHCUSTOM_MODULE: at.path}, user: 'ann'})
})

custom.run()
