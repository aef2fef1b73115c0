import {join} from 'node:path'
import {readMarkedFile} from '../../config/marked-file.js'
import {CONFIGURATION_FILES, type ConfigurationFile, type ConfigurationName} from './configuration-files.js'
import {OldFile} from './old-file.js'
import type {OldFiles} from './old-version.js'
import type {Plan} from './plan.js'

interface Directories {
  readonly directory: string
  readonly authDirectory: string
  readonly plan: Plan
}

/** Names that earlier versions had for a file, and where they had it (`spec/server-config-tls.md` §7.5). */
function oldNames({name, place}: ConfigurationFile, {directory, authDirectory}: Directories): string[] {
  if (place === 'servers') return [join(directory, `${name}.config`)]
  return directory === authDirectory ? [] : [join(directory, name)]
}

/** The files as they are: each under its own name or, if there is none, under one of earlier versions. */
export async function findOldFiles(directories: Directories): Promise<OldFiles> {
  const {directory, authDirectory, plan} = directories
  const found: [ConfigurationName, OldFile][] = []
  for (const kind of CONFIGURATION_FILES) {
    const path = join(kind.place === 'auth' ? authDirectory : directory, kind.name)
    const state = await plan.read(path)
    let chosen = {source: path, state}
    for (const source of state ? [] : oldNames(kind, directories)) {
      const old = await plan.read(source)
      if (old && !chosen.state) chosen = {source, state: old}
    }
    found.push([kind.name, new OldFile(kind, {path, ...chosen})])
  }
  return new Map(found)
}

/** Whether the text is from before the format, or somebody's own without its marks. */
export function isUnmarked({state}: OldFile): boolean {
  return state !== undefined && readMarkedFile(state.text) === undefined
}
