#!/usr/bin/env node
/**
 * The tools under the names that the originals have: `courier install-links DIR` makes links to this file. Each is one file in
 * `dist/tools/`, with its compiled code beside it: most tools run for a moment, and loading is what takes their time.
 */
const {readFileSync} = require('node:fs')
const {basename, dirname, join} = require('node:path')
const {Script} = require('node:vm')

/** A bundle begins with what its compiled code must begin with too. */
const ID_OCTETS = 32

const filename = join(__dirname, '..', 'dist', 'tools', `${basename(process.argv[1])}.cjs`)
const bundle = contentOf(filename)
if (bundle) run(bundle.toString('latin1'))
else void import('../dist/src/services/run-by-name.js').then(({runByName}) => runByName(process.argv[1], process.argv.slice(2)))

function run(text) {
  const script = new Script(text, {filename, cachedData: compiledCode()})
  // Packages are found from here as from there.
  script.runInThisContext()(require, (name) => import(name), filename, dirname(filename))
}

function compiledCode() {
  const code = contentOf(`${filename}.code`)
  return code?.subarray(0, ID_OCTETS).equals(bundle.subarray(0, ID_OCTETS)) ? code.subarray(ID_OCTETS) : undefined
}

function contentOf(path) {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}
