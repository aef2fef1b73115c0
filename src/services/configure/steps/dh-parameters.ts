import {join} from 'node:path'
import {type FoundDhParameters, findDhParameters} from '../../../tls/dh-parameters.js'
import type {FileState} from '../file-state.js'
import type {Plan} from '../plan.js'
import type {UpgradeContext, UpgradeStep} from '../step.js'

/** Smaller ones are refused by today's clients. */
const MIN_BITS = 2048
const PRIVATE = 0o600

interface Found extends FoundDhParameters {
  readonly path: string
  readonly state: FileState
}

/** Before 4.15 DH parameters stood in TLS_DHCERTFILE, or behind the certificate in TLS_CERTFILE. */
export const dhParameters: UpgradeStep = {
  name: 'dh-parameters',
  upTo: '4.14.99',
  about:
    'Splits the DH parameters out of the files in `TLS_DHCERTFILE` and `TLS_CERTFILE` into the file of `TLS_DHPARAMS`, or says that `mkdhparams` has to run',
  async run(context) {
    const {directory, plan, tell} = context
    const target = join(directory, 'dhparams.pem')
    const found = await findIn(context)
    if (await plan.read(target)) tell(`${target} exists and is used for TLS_DHPARAMS`)
    else if (!found) tell(`Run "courier mkdhparams", which makes ${target}; DH parameters do not come from certificate files any more`)
    else if (found.bits < MIN_BITS)
      tell(`The DH parameters in ${found.path} have ${found.bits} bits only: run "courier mkdhparams", which makes ${target}`)
    else {
      await plan.write(target, found.pem, {mode: PRIVATE, like: {...found.state, mode: PRIVATE}})
      tell(`The DH parameters of ${found.path} are in ${target} now; "courier mkdhparams" makes new ones every month`)
    }
  },
}

async function findIn({files, plan, tell}: UpgradeContext): Promise<Found | undefined> {
  let found: Found | undefined
  for (const file of [files.get('imapd-ssl'), files.get('pop3d-ssl')]) {
    const own = file?.value('TLS_DHCERTFILE')
    if (own) {
      const state = await readable(plan, own)
      if (state && /BEGIN (DSA )?PRIVATE KEY|BEGIN CERTIFICATE/.test(state.text))
        tell(
          `${own} (TLS_DHCERTFILE) holds a certificate: DSA certificates are not supported any more, and TLS_CERTFILE must name every other one`,
        )
    }
    for (const path of [own, file?.value('TLS_CERTFILE')]) {
      const state = path ? await readable(plan, path) : undefined
      const parameters = state && findDhParameters(state.text)
      if (path && state && parameters && !(found && found.bits >= parameters.bits)) found = {...parameters, path, state}
    }
  }
  return found
}

/** A file that cannot be read has nothing for us. */
function readable(plan: Plan, path: string): Promise<FileState | undefined> {
  return plan.read(path).catch(() => undefined)
}
