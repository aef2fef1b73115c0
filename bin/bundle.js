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
    // The package finds its native part from its own path, which is found without what Node needs milliseconds to load for it.
    onLoad({filter: /node_modules\/lmdb\/dist\/index\.cjs$/}, ({path}) => ({
      contents: `
        const __filename = require.resolve.paths('lmdb').map((each) => each + '/lmdb/dist/index.cjs').find(require('fs').existsSync)
        ${readFileSync(path, 'utf8')}`,
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
    // Values of userdb are octets: what packs others has nothing to do here, and takes long to load.
    onLoad({filter: /node_modules\/msgpackr\/.*\.c?js$/}, () => ({contents: 'exports.Encoder = undefined'}))
  },
}

/** Parts of Node that are compiled when they are first loaded, which takes milliseconds each. */
const HEAVY =
  /^(node:)?(child_process|crypto|dns|http|https|net|os|perf_hooks|stream|stream\/promises|timers\/promises|tls|v8|worker_threads|zlib)$/

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
      return {contents: `module.exports = {${names.map((name) => `get ${name}() {return ${load}.${name}}`).join(', ')}}`}
    })
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
    plugins: [places, whenUsed],
  })
  const [{text}] = outputFiles
  const id = createHash('sha256').update(text).digest('hex').slice(0, 28)
  writeFileSync(join(tools, `${name}.cjs`), `/*${id}*/(function (require, __filename, __dirname) {${text}})`, 'latin1')
}

mkdirSync(tools, {recursive: true})
await Promise.all(Object.entries(TOOLS).map(([name, load]) => bundle(name, load)))
await prepareTools(root)
