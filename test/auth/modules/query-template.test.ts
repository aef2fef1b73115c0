import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {parseConnectionString} from '../../../src/auth/modules/sql/pgsql-connection-string.js'
import {queryParts} from '../../../src/auth/modules/sql/query-parts.js'
import {fillIn, prepareQuery} from '../../../src/auth/modules/sql/query-template.js'
import {BadSyntax} from '../../../src/support/fault.js'
import {suite} from '../../support/suite.js'

const query = suite('Queries with $(names)')

const mysqlEscape = (value: string) =>
  value.replace(/[\0\n\r\\'"\x1a]/g, (character) => `\\${{'\0': '0', '\n': 'n', '\r': 'r', '\x1a': 'Z'}[character] ?? character}`)

for (const [values, expected] of [
  [{local_part: "o'hara", domain: 'a@b'}, `SELECT 'o\\'hara','a@b','','$5'`],
  [{local_part: 'joe', domain: 'd.org'}, `SELECT 'joe','d.org','','$5'`],
] as const) {
  query(`values stand where their names stood: ${expected}`, () => {
    assert.is(fillIn(`SELECT '$(local_part)','$(domain)','$(nope)','$5'`, values, mysqlEscape), expected)
  })
}

query('an open $( takes the rest, a name of JavaScript is none of ours, and values are not looked at again', () => {
  assert.is(
    fillIn('a $(x', {x: '1'}, (value) => value),
    'a 1',
  )
  assert.is(
    fillIn('$(toString)$(__proto__)', {}, (value) => value),
    '',
  )
  assert.is(
    fillIn('$(a)', {a: '$(b)', b: 'x'}, (value) => value),
    '$(b)',
  )
})

const VALUES = {local_part: `o'h"a\\`, domain: 'd.org', service: 'imap'}

for (const [text, sql, parameters, title] of [
  [`id = '$(local_part)@$(domain)' AND 1`, 'id = ? AND 1', [`o'h"a\\@d.org`], 'a string with names is one parameter'],
  ['id = $(local_part)', 'id = ?', [`o'h"a\\`], 'a name that stands alone is a parameter'],
  ['IN ($(local_part),$(domain))', 'IN (?,?)', [`o'h"a\\`, 'd.org'], 'also between other characters'],
  ['FROM t_$(domain)', 'FROM t_dorg', [], 'within a name only letters, digits and _ remain'],
  ['FROM $(service)_t', 'FROM imap_t', [], 'the service is a word of the text'],
  [`'it''s $(local_part)'`, `'it''s o''h"a\\\\'`, [], 'in a string with escapes, quotes and backslashes are doubled'],
  [`E'$(local_part)'`, `E'o''h"a\\\\'`, [], 'also in a string with a prefix'],
  [`"$(local_part)"`, '"oha"', [], 'a name in quotes gets only what may be in a name'],
  ['-- $(local_part)\nx', '-- oha\nx', [], 'so does a comment'],
  [`/* ' */ '$(domain)'`, `/* ' */ ?`, ['d.org'], 'quotes in a comment are none'],
  [`'$(domain)`, `'dorg`, [], 'a string without end is none'],
  [`'$(nope)'`, '?', [''], 'an unknown name is empty'],
] as const) {
  query(title, () => {
    const prepared = prepareQuery(text, {values: VALUES, words: new Set(['service']), stringQuotes: "'"})
    assert.is(prepared.texts.join('?'), sql)
    assert.equal(prepared.parameters, parameters)
    assert.is(prepared.texts.length, prepared.parameters.length + 1)
  })
}

query('for MySQL a text in double quotes is a string', () => {
  const prepared = prepareQuery('id = "$(local_part)"', {values: VALUES, words: new Set(), stringQuotes: `'"`})
  assert.equal(prepared, {texts: ['id = ', ''], parameters: [`o'h"a\\`]})
})

query('the parts of any query together are the query', () => {
  const texts = fc.array(fc.constantFrom("'", '"', '`', '--', '/*', '*/', '\n', '\\', '$(', ')', 'a', ' ')).map((items) => items.join(''))
  fc.assert(
    fc.property(texts, (text) => {
      assert.is(
        queryParts(text, {stringQuotes: `'"`})
          .map((part) => part.text)
          .join(''),
        text,
      )
    }),
  )
})

query('what a client says never ends a string', () => {
  const value = fc.array(fc.constantFrom("'", '"', '\\', 'a', '$(x)', ';', '--', '\0')).map((items) => items.join(''))
  fc.assert(
    fc.property(value, fc.constantFrom(`'$(x)'`, `'a''$(x)'`, `'\\n$(x)'`, `"$(x)"`, '$(x)', 't$(x)', '/*$(x)*/'), (x, text) => {
      const {texts} = prepareQuery(`SELECT ${text} WHERE 1`, {values: {x}, words: new Set(), stringQuotes: "'"})
      const parts = queryParts(texts.join('?'), {stringQuotes: "'"})
      assert.is(parts.at(-1)?.text.slice(-8), ' WHERE 1')
      assert.is(parts.at(-1)?.kind, 'open')
    }),
  )
})

query('connection strings of libpq', () => {
  assert.equal(Object.fromEntries(parseConnectionString(` host=a port = 5433 password='it\\'s = x' user=a\\ b dbname='' `)), {
    host: 'a',
    port: '5433',
    password: "it's = x",
    user: 'a b',
    dbname: '',
  })
  for (const text of ['host', 'host=a b', "password='x", '=x']) {
    assert.throws(
      () => parseConnectionString(text),
      (error: unknown) => error instanceof BadSyntax,
    )
  }
  assert.throws(
    () => parseConnectionString("user=a password='marker secret"),
    (error: unknown) => error instanceof Error && !error.message.includes('marker'),
  )
})

query.run()
