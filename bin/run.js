#!/usr/bin/env node
import {fileURLToPath} from 'node:url'
import {execute} from '@oclif/core'

// There are no plug-ins of users: nothing is looked for in their home directories, which may be somebody else's.
await execute({loadOptions: {root: fileURLToPath(import.meta.url), userPlugins: false}})
