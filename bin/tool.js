#!/usr/bin/env node
/** The tools under the names that the originals have: `courier install-links DIR` makes links to this file. Without oclif, which takes longer to load than most of them run. */
import {runByName} from '../dist/src/services/run-by-name.js'

await runByName(process.argv[1], process.argv.slice(2))
