import {authcram} from './authcram.js'
import {authcustom} from './authcustom.js'
import {authdaemonModule} from './authdaemon/authdaemon.js'
import {authldap} from './authldap.js'
import {authmysql} from './authmysql.js'
import {authpam} from './authpam.js'
import {authpgsql} from './authpgsql.js'
import {authpipe} from './authpipe/authpipe.js'
import {authpwd} from './authpwd.js'
import {authshadow} from './authshadow.js'
import {authsqlite} from './authsqlite.js'
import {authuserdb} from './authuserdb.js'
import type {ModuleType} from './module.js'

/** Every module that `authmodulelist` may name. */
export const moduleTypes: readonly ModuleType[] = [
  authuserdb,
  authcram,
  authpam,
  authpwd,
  authshadow,
  authldap,
  authpgsql,
  authmysql,
  authsqlite,
  authcustom,
  authpipe,
  authdaemonModule,
]
