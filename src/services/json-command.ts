import {Command} from '@oclif/core'

/** A command with `--json`. What goes wrong is one object too. */
export abstract class JsonCommand extends Command {
  static override enableJsonFlag = true

  /** The message. oclif would print all that it knows of the command, the package and the machine. */
  protected override toErrorJson(error: unknown): {readonly error: {readonly message: string}} {
    return {error: {message: error instanceof Error ? error.message : String(error)}}
  }
}
