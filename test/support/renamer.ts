/**
 * A mail program that takes no lock: for some seconds it changes flags of random messages by rename, delivers, and
 * reads nothing. `node renamer.js FOLDER SECONDS DELIVERIES`. Prints how many renames it made.
 */
import {readdirSync, renameSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'

const [folder = '', seconds = '1', deliveries = '0'] = process.argv.slice(2)
const end = Date.now() + Number(seconds) * 1000
const names = readdirSync(join(folder, 'cur'))
const endings = [':2,', ':2,S', ':2,FS', ':2,RS', ':2,F', ':2,DS']
let renames = 0
let delivered = 0
let seed = 12345
const random = (below: number) => {
  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
  return seed % below
}

while (Date.now() < end) {
  const at = random(names.length)
  const name = names[at] ?? ''
  const to = name.slice(0, name.lastIndexOf(':')) + (endings[random(endings.length)] ?? ':2,')
  try {
    renameSync(join(folder, 'cur', name), join(folder, 'cur', to))
    names[at] = to
    renames += 1
  } catch {
    // Somebody else renamed it: look where it is now.
    const base = name.slice(0, name.lastIndexOf(':'))
    const now = readdirSync(join(folder, 'cur')).find((other) => other.startsWith(`${base}:`))
    if (now !== undefined) names[at] = now
    else {
      names.splice(at, 1)
      if (names.length === 0) break
    }
  }
  if (delivered < Number(deliveries) && renames % 500 === 499) {
    writeFileSync(join(folder, 'tmp', `d${delivered}`), `Subject: delivered ${delivered}\n\nx\n`)
    renameSync(join(folder, 'tmp', `d${delivered}`), join(folder, 'new', `${1_900_000_000 + delivered}.M1P1_r.renamer`))
    delivered += 1
  }
}
console.log(JSON.stringify({renames, delivered}))
