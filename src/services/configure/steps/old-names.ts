import {basename} from 'node:path'
import {isStockCapability} from '../../../config/capability.js'
import {BadSyntax} from '../../../support/fault.js'
import {isUnmarked} from '../find-old-files.js'
import type {OldFile} from '../old-file.js'
import {ANY_VERSION, type UpgradeStep} from '../step.js'

/** Before 1.3 the files had other names and no marks: their values are taken over one by one, as an administrator would. */
export const oldNames: UpgradeStep = {
  name: 'old-names',
  upTo: ANY_VERSION,
  about:
    'Takes the settings of `imapd.config`, `imapd-ssl.config`, `pop3d.config` and `pop3d-ssl.config` (1.2.3 and earlier), and of other files without marks, into the new files',
  async run({files, tell}) {
    for (const file of files.values()) {
      if (!isUnmarked(file)) continue
      const lost = takeOver(file)
      const name = basename(file.source)
      const where = file.source === file.path ? `${name}.bak has the old file` : `nothing reads ${file.source} any more`
      tell(`${name} had no marks: its settings were taken over one by one; ${where}`)
      if (lost.length > 0) tell(`${name}: not taken over, because they are not known or cannot be read: ${lost.join(', ')}`)
    }
  },
}

/** Keeps what differs from the new default; tells the names of what cannot be kept. */
function takeOver(file: OldFile): string[] {
  const lost: string[] = []
  for (const [name, {value}] of file.values) {
    const option = file.kind.options[name]
    if (/^AUTHSERVICE\d+$/.test(name)) file.keep('AUTHSERVICE:0', `${file.blocks.get('AUTHSERVICE')?.text ?? '\n'}${name}=${value}\n`)
    else if (name === 'DOMAINSEP') file.keep('DEFDOMAIN:0', `${file.blocks.get('DEFDOMAIN')?.text ?? '\n'}DOMAINSEP="${value}"\n`)
    else if (!option) lost.push(name)
    else if (option.block !== undefined && isWorthKeeping(name, {value, shipped: option.shipped, because: option.because})) {
      if (canBeRead(option.read, value)) file.keepSetting(name, value)
      else lost.push(name)
    }
  }
  return lost
}

function isWorthKeeping(
  name: string,
  {value, shipped, because}: {readonly value: string; readonly shipped: string | undefined; readonly because: string | undefined},
): boolean {
  if (because !== undefined || value === shipped) return false
  return !(name.startsWith('IMAP_CAPABILITY') && isStockCapability(value))
}

function canBeRead(read: (value: string) => unknown, value: string): boolean {
  try {
    read(value)
    return true
  } catch (error) {
    if (error instanceof BadSyntax) return false
    throw error
  }
}
