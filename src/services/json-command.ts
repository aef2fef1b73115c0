import {Command} from '@oclif/core'

/** A command with `--json`. What goes wrong is one object too. */
export abstract class JsonCommand extends Command {
  static override enableJsonFlag = true

  /** The exit code is that of the same mistake without `--json`, which oclif tells only then. */
  protected override catch(error: Error & {readonly oclif?: {readonly exit?: number}}): Promise<unknown> {
    process.exitCode ??= error.oclif?.exit
    return super.catch(error)
  }

  /** The message. oclif would print all that it knows of the command, the package and the machine. */
  protected override toErrorJson(error: unknown): {readonly error: {readonly message: string}} {
    return {error: {message: error instanceof Error ? error.message : String(error)}}
  }
}
