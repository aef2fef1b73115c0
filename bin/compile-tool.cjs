/** `compile-tool.cjs BUNDLE CODE ARGS…`: calls a tool's bundle with these arguments and writes the code that this took to CODE. */
const {readFileSync, writeFileSync} = require('node:fs')
const {createRequire} = require('node:module')
const {dirname} = require('node:path')
const {Script} = require('node:vm')

const [filename, code] = process.argv.splice(1, 3).slice(1)
process.argv.splice(1, 0, filename)
const script = new Script(readFileSync(filename, 'latin1'), {filename})
process.on('exit', () => writeFileSync(code, script.createCachedData()))
script.runInThisContext()(createRequire(filename), (name) => import(name), filename, dirname(filename))
