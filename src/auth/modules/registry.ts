import {authdaemonModule} from './authdaemon/authdaemon.js'
import {authuserdb} from './authuserdb.js'
import type {ModuleType} from './module.js'

/** Every module that `authmodulelist` may name. */
export const moduleTypes: readonly ModuleType[] = [authuserdb, authdaemonModule]
