import {Fault} from '../../support/fault.js'
import type {TryLock} from '../native.js'
import {setFields} from './change-fields.js'
import {withLock} from './lock.js'
import {editPaths, fileOf} from './paths.js'
import {type Field, fieldValue, formatField, locationOf, parseFields} from './record.js'
import type {FieldRenewal} from './renew-secrets.js'
import {changeRecord, followLinks} from './text-file.js'
import type {UserdbMaker} from './userdb-maker.js'

export interface UserdbEdit {
  /** Name of the record: octets, one character for each. */
  readonly name: string
  /** Its public fields, of which `_` says where its text is. */
  readonly fields: readonly Field[]
  readonly renewals: readonly FieldRenewal[]
}

export interface UserdbEditTools {
  /** Path of the userdb text. */
  readonly source: string
  readonly tryLock: TryLock
  readonly maker: UserdbMaker
}

/**
 * Puts new secrets into the text of a record, as `userdb` does, and compiles it, as `makeuserdb` does (`spec/auth.md` §16). When it
 * cannot be compiled, the text is as it was.
 *
 * @throws {Fault} `unavailable`, also when the text has other secrets than the database: somebody is about to change them; `io-error`
 */
export async function changeSecrets(edit: UserdbEdit, {source, tryLock, maker}: UserdbEditTools): Promise<void> {
  const file = await followLinks(fileOf(locationOf(edit.fields), source))
  const apply = (renewals: readonly FieldRenewal[]) =>
    withLock({path: editPaths(file).lock, mode: 0o600, tryLock}, () => replaceFields(file, edit.name, renewals))
  await apply(edit.renewals)
  const undo = () => apply(edit.renewals.map(({name, from, to}) => ({name, from: to, to: from})))
  const [problem] = await maker.make().catch(async (error: unknown) => {
    await undo()
    throw error
  })
  if (!problem) return
  await undo()
  throw new Fault('unavailable', `The userdb cannot be compiled, so the password stays: ${problem.text}`)
}

function replaceFields(file: string, name: string, renewals: readonly FieldRenewal[]): Promise<void> {
  return changeRecord(file, name, (text) => {
    const found = text === undefined ? undefined : parseFields(text)
    if (text === undefined || renewals.some((each) => fieldValue(found ?? [], each.name) !== each.from)) {
      throw new Fault('unavailable', `"${file}" and the database made of it differ: run makeuserdb`)
    }
    return {
      fields: setFields(
        text,
        renewals.map(({name: field, to}) => formatField({name: field, value: to})),
      ),
    }
  })
}
