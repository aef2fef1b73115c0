import {type MarkedFile, type OldBlock, oldBlocks, readMarkedFile} from '../../config/marked-file.js'
import {type Assignments, readShellFile} from '../../config/shell-file.js'
import {octetsOf, textOf} from '../tool.js'
import type {ConfigurationFile} from './configuration-files.js'
import type {FileState} from './file-state.js'
import {isOurVersion} from './render-template.js'

interface OldFileOptions {
  readonly path: string
  readonly source: string
  readonly state: FileState | undefined
}

/** A configuration file as the upgrade found it. Steps change which settings the new file gets. */
export class OldFile {
  readonly kind: ConfigurationFile
  /** Where the new file goes. */
  readonly path: string
  /** Where the old settings come from: the same, or a name that earlier versions had. */
  readonly source: string
  /** What stands there. */
  readonly state: FileState | undefined
  readonly marked: MarkedFile | undefined
  /** Texts are octets. */
  readonly blocks: Map<string, OldBlock>
  readonly #values: Assignments

  constructor(kind: ConfigurationFile, {path, source, state}: OldFileOptions) {
    this.kind = kind
    this.path = path
    this.source = source
    this.state = state
    this.marked = state && readMarkedFile(state.text)
    this.blocks = this.marked ? oldBlocks(this.marked) : new Map()
    this.#values = readShellFile({file: source, text: textOf(state?.text ?? '')}, new Map()).assignments
  }

  /** Made by our own templates: no upgrade from Courier is needed. */
  get isOurs(): boolean {
    return isOurVersion(this.marked?.version)
  }

  /** What the file sets; undefined when it does not. */
  value(name: string): string | undefined {
    return this.#values.get(name)?.value
  }

  get values(): Assignments {
    return this.#values
  }

  /** Gives the new file this setting, whatever the old file says about that block. `block`: `NAME:version`. */
  keep(block: string, text: string): void {
    const colon = block.lastIndexOf(':')
    this.blocks.set(block.slice(0, colon), {version: block.slice(colon + 1), text: octetsOf(text)})
  }

  /** Gives the new file a setting in the block where it belongs. */
  keepSetting(name: string, value: string): void {
    const block = this.kind.options[name]?.block
    if (block !== undefined) this.keep(block, `\n${name}=${shellQuoted(value)}\n\n`)
  }
}

/** A value that the shell, and we, read back as it is. */
export function shellQuoted(value: string): string {
  return `"${value.replace(/["\\$`]/g, '\\$&')}"`
}
