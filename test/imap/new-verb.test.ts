import {ok} from '../../src/imap/replies/tagged.js'
import {defineVerb} from '../../src/imap/verb.js'
import {VERBS} from '../../src/imap/verbs/registry.js'
import {imapServer} from '../support/imap-server.js'
import {suite} from '../support/suite.js'

const test = suite('A new verb')

const xcount = defineVerb({
  name: 'XCOUNT',
  state: 'selected',
  takesUid: true,
  capability: ['XCOUNT'],
  read(line, {uid}) {
    const messages = line.space().messageSet()
    line.end()
    return {messages, uid}
  },
  run({session, view}, {uid}) {
    session.out.line(`* XCOUNT ${uid ? 'UID ' : ''}${view.size}`)
    return ok('XCOUNT completed')
  },
})

test('is a declaration and a line in the list: states, UID form, CAPABILITY and errors follow', async () => {
  await using server = await imapServer({inbox: ['x\n'], connection: {verbs: [...VERBS, xcount]}})
  const imap = await server.login()
  await imap.transcript(`
    C: a CAPABILITY
    S: * CAPABILITY * XCOUNT *
    S: a OK CAPABILITY completed
    C: b XCOUNT 1
    S: b BAD Error in IMAP command received by server. XCOUNT is not possible in this state
  `)
  await imap.command('SELECT INBOX')
  await imap.transcript(`
    C: c XCOUNT 1
    S: * XCOUNT 1
    S: c OK XCOUNT completed
    C: d uid xcount 1
    S: * XCOUNT UID 1
    S: d OK XCOUNT completed
    C: e XCOUNT
    S: e BAD Error in IMAP command received by server.*
    C: f XCOUNT 1 2
    S: f BAD Error in IMAP command received by server.*
  `)
})

test.run()
