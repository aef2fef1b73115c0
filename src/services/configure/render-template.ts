import {createHash} from 'node:crypto'
import {readFile} from 'node:fs/promises'
import {join} from 'node:path'

export interface TemplatePlaces {
  /** Directory with the files of `templates/`. */
  readonly templates: string
  /** Configuration directory, instead of `/etc/courier`. */
  readonly directory: string
  /** Instead of `/run/courier`. */
  readonly run: string
  /** Instead of `/var/lib/courier`. */
  readonly state: string
}

/** Whether the line `##VERSION: …` is of one of our files. */
export function isOurVersion(version: string | undefined): boolean {
  return version?.includes('$Id: courier-node-') === true
}

/**
 * The template as it is installed: with the paths of this installation, and with a version that changes whenever anything in it does,
 * so that an upgrade notices.
 */
export async function renderTemplate(name: string, {templates, directory, run, state}: TemplatePlaces): Promise<string> {
  const text = (await readFile(join(templates, name), 'latin1'))
    .replaceAll('/etc/courier/', `${directory}/`)
    .replaceAll('/run/courier/', `${run}/`)
    .replaceAll('/var/lib/courier/', `${state}/`)
  const digest = createHash('sha256').update(text, 'latin1').digest('hex').slice(0, 8)
  return text.replace(/^(##VERSION: \$Id: courier-node-[^$]*)\$/m, `$1-${digest}$`)
}
