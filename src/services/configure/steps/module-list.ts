import {AUTHDAEMONRC} from '../../../config/authdaemonrc-options.js'
import {ANY_VERSION, type UpgradeStep} from '../step.js'

/** The list of sources differs with what a package was built with, and its block has other versions: the administrator's is kept. */
export const moduleList: UpgradeStep = {
  name: 'module-list',
  upTo: ANY_VERSION,
  about: 'Keeps `authmodulelist` whatever version its block has; modules that there are not any more are told',
  async run({files, tell}) {
    const daemon = files.get('authdaemonrc')
    const list = daemon?.value('authmodulelist')
    if (!daemon || list === undefined) return
    const modules = list.split(/\s+/).filter((word) => word !== '')
    const kept = modules.filter((name) => name !== 'authcram' && name !== 'authvchkpw')
    if (kept.length < modules.length) tell(`authmodulelist: authcram is part of every source now, and authvchkpw is not in this version`)
    if (kept.length === 0) return
    const {block} = AUTHDAEMONRC.authmodulelist
    if (block !== undefined) daemon.keep(block, `\nauthmodulelist="${kept.join(' ')}"\n\n`)
  },
}
