import {constants, readFileSync, symlinkSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {FrequentCall} from '../../src/maildir/frequent-call.js'
import {MessageDescriptors} from '../../src/maildir/message-descriptors.js'
import {READ_FLAGS} from '../../src/maildir/message-opener.js'
import {TemporaryMaildir} from '../support/store.js'
import {suite} from '../support/suite.js'

const descriptors = suite('Descriptors of messages')

/** By way of the C library from the first file on, and by way of Node. */
const BOTH = {'the C library': new MessageDescriptors(0), Node: new MessageDescriptors(Number.POSITIVE_INFINITY)}

function codeOf(call: () => unknown): string | undefined {
  try {
    call()
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code
  }
}

for (const [way, calls] of Object.entries(BOTH)) {
  descriptors(`${way} opens, reads from the beginning and closes`, () => {
    using maildir = new TemporaryMaildir()
    const path = join(maildir.path, 'cur', 'one')
    writeFileSync(path, 'Subject: x\n\nbody')
    const buffer = Buffer.alloc(64)
    const descriptor = calls.open(path, READ_FLAGS)
    assert.is(calls.first(descriptor, buffer, 12), 12)
    assert.is(buffer.toString('latin1', 0, 13), 'Subject: x\n\n\0')
    calls.close(descriptor)
    assert.is(
      codeOf(() => calls.first(descriptor, buffer, 12)),
      'EBADF',
    )
    const again = calls.open(path, READ_FLAGS)
    assert.is(calls.first(again, buffer, 64), 16)
    calls.close(again)
  })

  descriptors.when(process.platform === 'linux', 'there is no /proc')(`${way} opens nothing for programs that are started`, () => {
    const descriptor = calls.open('/etc/passwd', READ_FLAGS)
    const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1'))?.[1]
    calls.close(descriptor)
    assert.ok((Number.parseInt(flags ?? '0', 8) & 0o2000000) !== 0, flags)
  })

  descriptors(`${way} takes names of any octets, and says what is wrong as Node does`, () => {
    using maildir = new TemporaryMaildir()
    const cur = join(maildir.path, 'cur')
    const name = Buffer.from(`${cur}/\xe9\xff`, 'latin1')
    writeFileSync(name, 'x')
    const descriptor = calls.open(name, READ_FLAGS)
    assert.is(calls.first(descriptor, Buffer.alloc(8), 8), 1)
    calls.close(descriptor)
    symlinkSync('nowhere', join(cur, 'link'))
    assert.is(
      codeOf(() => calls.open(join(cur, 'link'), READ_FLAGS)),
      'ELOOP',
    )
    assert.is(
      codeOf(() => calls.open(join(cur, 'none'), READ_FLAGS)),
      'ENOENT',
    )
    assert.is(
      codeOf(() => calls.open(`${cur}\0/none`, READ_FLAGS)),
      'ERR_INVALID_ARG_VALUE',
    )
    const directory = calls.open(cur, constants.O_RDONLY)
    assert.is(
      codeOf(() => calls.first(directory, Buffer.alloc(8), 8)),
      'EISDIR',
    )
    calls.close(directory)
  })
}

descriptors('a function that the C library does not have is left to Node, as one that is called a few times only', () => {
  assert.is(new FrequentCall('int no_such_function(int x)', 0).get(), undefined)
  const call = new FrequentCall<(value: number) => number>('int abs(int value)', 2)
  assert.equal([call.get(), call.get(), call.get()?.(-3), call.get()?.(-4)], [undefined, undefined, 3, 4])
})

descriptors.run()
