import {Flags} from '@oclif/core'
import {type ReloadProblem, reloadServer} from '../src/services/control/reload-server.js'
import {JsonCommand} from '../src/services/json-command.js'

export default class Reload extends JsonCommand {
  static override summary = 'Let a running server read its configuration again.'
  static override description =
    `Sessions go on. A configuration with an error is refused as a whole: the errors are told, the old one stays, and the exit code is 1. SIGHUP does
the same and tells the log only.`
  static override examples = ['<%= config.bin %> <%= command.id %>']
  static override flags = {run: Flags.string({description: "directory of the server's socket [default: $COURIER_RUN or /run/courier]"})}

  async run(): Promise<object> {
    const {flags} = await this.parse(Reload)
    const lines: ReloadProblem[] = []
    try {
      await reloadServer({run: flags.run}, (line) => lines.push(line))
    } catch (error) {
      for (const {text} of lines) this.logToStderr(text)
      this.error(error instanceof Error ? error.message : String(error), {exit: 1})
    }
    for (const {text} of lines) this.logToStderr(`Warning: ${text}`)
    if (!this.jsonEnabled()) this.log('The configuration has been read again.')
    return {warnings: lines}
  }
}
