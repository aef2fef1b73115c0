/** What upgrades from Courier-IMAP need, from the oldest version on. A step is a file in `steps/` and a line here. */
import type {UpgradeStep} from './step.js'
import {accessFile} from './steps/access-file.js'
import {accessLeftovers} from './steps/access-leftovers.js'
import {accounts} from './steps/accounts.js'
import {dhParameters} from './steps/dh-parameters.js'
import {gnutlsLists} from './steps/gnutls-lists.js'
import {identLookups} from './steps/ident-lookups.js'
import {loginWords} from './steps/login-words.js'
import {moduleList} from './steps/module-list.js'
import {oldNames} from './steps/old-names.js'
import {pop3Server} from './steps/pop3-server.js'
import {pop3Sizes} from './steps/pop3-sizes.js'
import {pop3Uidl} from './steps/pop3-uidl.js'
import {runningServer} from './steps/running-server.js'
import {trustFiles} from './steps/trust-files.js'
import {uidEpoch} from './steps/uid-epoch.js'
import {utf8Folders} from './steps/utf8-folders.js'
import {watching} from './steps/watching.js'

export const UPGRADE_STEPS: readonly UpgradeStep[] = [
  runningServer,
  pop3Server,
  oldNames,
  loginWords,
  pop3Uidl,
  accounts,
  moduleList,
  trustFiles,
  uidEpoch,
  gnutlsLists,
  dhParameters,
  accessFile,
  utf8Folders,
  pop3Sizes,
  watching,
  identLookups,
  accessLeftovers,
]
