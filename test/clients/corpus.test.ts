/** All mail of the corpus goes through the server and comes back as it was, but for line ends. */
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {corpusFolder, corpusNames} from '../support/corpus.js'
import {ServedMaildir} from '../support/served-maildir.js'
import {suite} from '../support/suite.js'

const corpus = suite('Mail of the corpus', {limitMs: 60_000})

/** Stored without CR and with a line end at the end; sent with CRLF (`spec/imap.md` §12.8). */
function expected(octets: string): string {
  const stored = octets.replaceAll('\r', '')
  return (stored.endsWith('\n') ? stored : `${stored}\n`).replaceAll('\n', '\r\n')
}

for (const synchronizing of [true, false]) {
  corpus.when(corpusFolder, 'the corpus is not here')(
    `comes back octet for octet after APPEND with ${synchronizing ? 'a literal' : 'LITERAL+'}`,
    async () => {
      await using server = await ServedMaildir.start()
      await using client = await server.client()
      const names = corpusNames()
      const texts = names.map((name) => readFileSync(join(corpusFolder ?? '', name), 'latin1'))
      for (const [i, text] of texts.entries()) {
        if (synchronizing) await client.ok('APPEND INBOX', text)
        else {
          client.raw(`x${i} APPEND INBOX {${text.length}+}\r\n${text}\r\n`)
          for (let line = ''; !line.startsWith(`x${i} `); ) {
            line = await client.line()
            assert.not.match(line, /^x\d+ (NO|BAD)/, names[i])
          }
        }
      }
      await client.ok('SELECT INBOX')
      for (const [i, text] of texts.entries()) {
        const [line = ''] = await client.ok(`FETCH ${i + 1} (RFC822.SIZE BODY.PEEK[])`)
        const found = /^\* \d+ FETCH \(RFC822\.SIZE (\d+) BODY\[\] \{(\d+)\}\r\n([\s\S]*)\)$/.exec(line)
        const wanted = expected(text)
        assert.is(Number(found?.[1]), wanted.length, `size of ${names[i]}`)
        assert.is(Number(found?.[2]), wanted.length, `literal of ${names[i]}`)
        assert.ok(found?.[3] === wanted, `content of ${names[i]}`)
        const [half = ''] = await client.ok(`FETCH ${i + 1} (BODY.PEEK[HEADER] BODY.PEEK[TEXT])`)
        const parts = /BODY\[HEADER\] \{(\d+)\}\r\n([\s\S]*)$/.exec(half)
        const header = parts?.[2]?.slice(0, Number(parts[1])) ?? ''
        const body = /^ BODY\[TEXT\] \{\d+\}\r\n([\s\S]*)\)$/.exec(parts?.[2]?.slice(header.length) ?? '')?.[1] ?? ''
        assert.ok(header + body === wanted, `header and text of ${names[i]}`)
      }
    },
  )
}

corpus.run()
