import PostalMime from 'postal-mime'
import * as assert from 'uvu/assert'
import {splitHeader} from '../../src/message/headers.js'
import {parseStructure} from '../../src/message/parse-structure.js'
import type {Part} from '../../src/message/structure.js'
import {transferDecoder} from '../../src/message/transfer-decoding.js'
import {suite} from '../support/suite.js'
import {corpus, corpusFolder} from './corpus.js'

const comparison = suite('MIME structure beside postal-mime')

function leaves(part: Part): Part[] {
  return part.children.length > 0 ? part.children.flatMap(leaves) : [part]
}

function isAttachment({type, subtype, disposition}: Part): boolean {
  return type !== 'multipart' && (type !== 'text' || !/^(plain|html)$/.test(subtype) || disposition?.type === 'attachment')
}

/** Size without CR: postal-mime changes line ends of text. */
function sizeWithoutCr(octets: Uint8Array): number {
  return octets.filter((octet) => octet !== 0x0d).length
}

function decoded(message: Buffer, {body, encoding}: Part): Buffer {
  const decoder = transferDecoder(encoding)
  return Buffer.concat([decoder.push(message.subarray(body.start, body.end)), decoder.end()])
}

function hasMimeVersion(message: Buffer, {header}: Part): boolean {
  return splitHeader(message.toString('latin1', header.start, header.end)).some(({name}) => name === 'mime-version')
}

comparison.when(corpusFolder(), 'the corpus is not here')('the corpus has the same attachments of the same sizes', async () => {
  let compared = 0
  for (const {name, octets} of corpus()) {
    const root = parseStructure(octets)
    // The one exception: postal-mime follows MIME without MIME-Version too.
    if (!hasMimeVersion(octets, root)) continue
    const {attachments} = await PostalMime.parse(octets, {forceRfc822Attachments: true})
    const theirs = attachments.map(({content}) =>
      sizeWithoutCr(typeof content === 'string' ? Buffer.from(content) : new Uint8Array(content)),
    )
    const ours = leaves(root).filter(isAttachment)
    assert.is(ours.length, theirs.length, name)
    ours.forEach((part, i) => {
      assert.ok(Math.abs(sizeWithoutCr(decoded(octets, part)) - theirs[i]!) <= 2, `${name}: attachment ${i + 1}`)
    })
    compared += 1
  }
  assert.ok(compared > 100)
})

comparison.run()
