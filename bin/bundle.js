/**
 * Makes one file in `dist/tools/` of each tool that `courier install-links` links to, with all that it loads, so that it starts
 * in the time it would take to find its parts. Runs after the compiler.
 */
import {createHash} from 'node:crypto'
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {dirname, join, relative} from 'node:path'
import {fileURLToPath} from 'node:url'
import {build} from 'esbuild'
import {prepareTools} from '../dist/src/services/tool-bundles.js'
import {TOOLS} from '../dist/src/services/tools.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const services = join(root, 'dist', 'src', 'services')
const tools = join(root, 'dist', 'tools')

/** Files stay where they are for those who look for others beside themselves. */
const places = {
  name: 'places',
  setup({onLoad}) {
    onLoad({filter: /dist\/src\/.*\.js$/}, ({path}) => {
      const text = readFileSync(path, 'utf8')
      const place = `require('node:url').pathToFileURL(require('node:path').join(__dirname, ${JSON.stringify(relative(tools, path))}))`
      if (!text.includes('import.meta.url')) return undefined
      return {contents: text.replaceAll('createRequire(import.meta.url)', 'require').replaceAll('import.meta.url', `${place}.href`)}
    })
    // Of the account modules, those that the configuration names.
    onLoad({filter: /src\/auth\/modules\/registry\.js$/}, ({path}) => ({
      contents: readFileSync(path, 'utf8').replaceAll(
        /^import \{ (\w+) \} from '(.*\/(\w+)\.js)';$/gm,
        "const $1 = {name: '$3', create: (context) => require('$2').$1.create(context)}",
      ),
    }))
    // The package finds its native part from its own path, which is found without what Node needs milliseconds to load for it.
    onLoad({filter: /node_modules\/lmdb\/dist\/index\.cjs$/}, ({path}) => ({
      contents: `
        const __filename = require.resolve.paths('lmdb').map((each) => each + '/lmdb/dist/index.cjs').find(require('fs').existsSync)
        ${readFileSync(path, 'utf8').replace("require('node:module')", '{createRequire: () => require}')}`,
    }))
    // Looks where it nearly always is, before it looks for what this machine needs and for where it may be.
    onLoad({filter: /node_modules\/node-gyp-build-optional-packages\/index\.js$/}, () => ({
      contents: `
        const native = '@lmdb/lmdb-' + process.platform + '-' + process.arch + '/node.abi' + process.versions.modules + '.glibc.node'
        module.exports = (directory) => {
          try {
            return require(require.resolve.paths('lmdb').map((each) => each + '/' + native).find(require('fs').existsSync))
          } catch {
            return require('./node-gyp-build.js')(directory)
          }
        }`,
    }))
    // The same: the package reads Node's program file first, to learn which C library this is.
    onLoad({filter: /node_modules\/koffi\/index\.cjs$/}, () => ({
      contents: `
        const machine = process.platform + '-' + process.arch
        const native = '@koromix/koffi-' + machine + '/' + machine.replace('-', '_') + '/koffi.node'
        try {
          module.exports = require(require.resolve.paths('koffi').map((each) => each + '/' + native).find(require('fs').existsSync))
        } catch {
          module.exports = require('./src/koffi/index.cjs')
        }`,
    }))
    // Values of userdb are octets: what packs others has nothing to do here, and takes long to load.
    onLoad({filter: /node_modules\/msgpackr\/.*\.c?js$/}, () => ({contents: 'exports.Encoder = undefined'}))
  },
}

/** Parts of Node that are compiled when they are first loaded, which takes milliseconds each. */
const HEAVY =
  /^(node:)?(child_process|crypto|dns|http|https|net|os|perf_hooks|stream|stream\/promises|timers\/promises|tls|v8|worker_threads|zlib)$/

/** What is small enough to stand here, in place of all that Node loads with it. */
const SMALL = {
  // For octets of one length, in the same time wherever they differ.
  timingSafeEqual: '(one, other) => one.reduce((difference, octet, index) => difference | (octet ^ other[index]), 0) === 0',
}

/** Loads those when something of them is used, and not when it is imported. */
const whenUsed = {
  name: 'when-used',
  setup({onLoad, onResolve}) {
    onResolve({filter: HEAVY}, ({path, namespace}) =>
      namespace === 'when-used' ? {path, external: true} : {path: path.replace('node:', ''), namespace: 'when-used'},
    )
    onLoad({filter: /./, namespace: 'when-used'}, async ({path}) => {
      const names = Object.keys(await import(path)).filter((name) => name !== 'default')
      const load = `require(${JSON.stringify(path)})`
      return {
        contents: `module.exports = {${names.map((name) => `get ${name}() {return ${SMALL[name] ?? `${load}.${name}`}}`).join(', ')}}`,
      }
    })
  },
}

/** Tools that run for a moment, and long enough to wait for files. */
const SHORT = new Set(['authenumerate', 'authtest', 'makeuserdb', 'userdb'])

/** They ask for files in a way that is there at once. */
const blockingFiles = {
  name: 'blocking-files',
  setup({onResolve}) {
    onResolve({filter: /^node:fs\/promises$/}, () => ({path: join(services, 'blocking-files.js')}))
  },
}

async function bundle(name, load) {
  const {outputFiles} = await build({
    stdin: {
      contents: `import {runTool} from './run-tool.js'
const [, program, ...args] = process.argv
;(${load})(program).then((tool) => runTool(tool, args, program))`,
      resolveDir: services,
    },
    bundle: true,
    write: false,
    outfile: join(tools, `${name}.cjs`),
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    // For Node, where a package has two forms.
    conditions: ['node', 'require'],
    minify: true,
    legalComments: 'none',
    // Loaded when they are needed, which is seldom, and not in half of the time by this.
    external: ['enquirer', 'ldapts', 'mysql2', 'pg', '@koromix/*'],
    plugins: [places, whenUsed, ...(SHORT.has(name) ? [blockingFiles] : [])],
  })
  const [{text}] = outputFiles
  const id = createHash('sha256').update(text).digest('hex').slice(0, 28)
  // Code that was compiled before may not import by itself (Node 20).
  const code = text.replaceAll(/\bimport\(/g, '__import(')
  writeFileSync(join(tools, `${name}.cjs`), `/*${id}*/(function (require, __import, __filename, __dirname) {${code}})`, 'latin1')
}

mkdirSync(tools, {recursive: true})
await Promise.all(Object.entries(TOOLS).map(([name, load]) => bundle(name, load)))
await prepareTools(root)
