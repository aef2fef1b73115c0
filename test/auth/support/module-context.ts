import {randomBytes} from 'node:crypto'
import {writeFile} from 'node:fs/promises'
import {CryptPool} from '../../../src/auth/hash/crypt-pool.js'
import type {AuthModule, ChangeResult, ModuleContext, ModuleType} from '../../../src/auth/modules/module.js'
import {Secret} from '../../../src/log/secret.js'
import {recordingLog, scratch} from './scratch.js'

export const MARKER = '##NAME: MARKER:0\n'

/** A module with its rc file in a directory of its own. */
export async function moduleUnderTest(type: ModuleType, rc?: string, changes: Partial<ModuleContext> = {}) {
  const place = await scratch()
  const log = recordingLog()
  const crypt = new CryptPool({threads: 1, limitMs: 30_000})
  const writeRc = (text: string) => writeFile(place.path(`${type.name}rc`), text + MARKER)
  if (rc !== undefined) await writeRc(rc)
  const made = type.create({
    directory: place.directory,
    crypt,
    log,
    now: () => performance.now(),
    daemons: 3,
    environment: {},
    random: randomBytes,
    ...changes,
  })
  if (!made) throw new Error(`${type.name} is not set up`)
  const module: AuthModule = made
  const check = (user: string, password: string, service = 'imap') =>
    module.check({service, user, password: new Secret(Buffer.from(password).toString('latin1')), remote: '192.0.2.1'})
  return {
    ...place,
    module,
    log,
    writeRc,
    check,
    async outcome(user: string, password: string, service = 'imap') {
      return (await check(user, password, service)).outcome
    },
    async change(user: string, oldPassword: string, newPassword: string, service = 'imap'): Promise<ChangeResult['outcome']> {
      const secret = (text: string) => new Secret(Buffer.from(text).toString('latin1'))
      const request = {service, user, oldPassword: secret(oldPassword), newPassword: secret(newPassword), remote: '192.0.2.1'}
      const result = await module.changePassword?.(request)
      return result?.outcome ?? 'refused'
    },
    async list() {
      const names = []
      for await (const account of module.enumerate?.() ?? []) names.push(account)
      return names
    },
    async [Symbol.asyncDispose]() {
      await module.close()
      await crypt.close()
      await place[Symbol.asyncDispose]()
    },
  }
}

export type ModuleUnderTest = Awaited<ReturnType<typeof moduleUnderTest>>

/** Names that are nobody's, and that a careless source takes for somebody. */
export const BAD_NAMES: readonly string[] = [
  '',
  'ann@corp.example\0',
  '\0',
  "ann@corp.example' OR '1'='1",
  "' OR 1=1 -- ",
  "x'; DELETE FROM accounts; --",
  'ann@corp.example"',
  'ann@corp.example\n',
  '\n',
  '%',
  'ann%',
  '_nn@corp.example',
  '*',
  'ann*',
  ')(',
  '*)(mail=*',
  'ann@corp.example)(uid=*',
  '\\',
  "\\' OR 1=1 -- ",
  '$(local_part)',
  '@',
  '@corp.example',
  'ann@corp.example@',
  `${'a'.repeat(10_000)}@corp.example`,
  '\u{1f600}',
]
