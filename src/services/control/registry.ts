import type {AnyControlRequest} from './request.js'
import {kick} from './requests/kick.js'
import {reload} from './requests/reload.js'
import {restart} from './requests/restart.js'
import {status} from './requests/status.js'
import {stop} from './requests/stop.js'
import {trace} from './requests/trace.js'
import {who} from './requests/who.js'

/** What a server that runs can be asked. */
export const CONTROL_REQUESTS: readonly AnyControlRequest[] = [who, kick, status, trace, reload, restart, stop]
