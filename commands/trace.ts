import {Args, Command, Flags} from '@oclif/core'
import {followTrace, traceText} from '../src/services/control/follow-trace.js'

export default class Trace extends Command {
  static override summary = "Follow what a user's sessions say."
  static override description =
    `Shows each line of the sessions that the user has, and of those that come, until Ctrl-C: ">" from the client, "<" from the server, "*" from the log.
A session is seen from its login on, so passwords never are; long literals, which are mail, only with --contents.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> ann@example.com',
    {
      description: 'As JSON objects, one on each line, for ten minutes',
      command: 'timeout 600 <%= config.bin %> <%= command.id %> ann@example.com --json',
    },
  ]
  static override args = {user: Args.string({description: 'login name in full', required: true})}
  static override flags = {
    contents: Flags.boolean({description: 'show the contents of messages too'}),
    json: Flags.boolean({description: 'JSON objects, one on each line', helpGroup: 'GLOBAL'}),
    run: Flags.string({description: "directory of the server's socket [default: $COURIER_RUN or /run/courier]"}),
  }

  async run(): Promise<void> {
    const {args, flags} = await this.parse(Trace)
    const end = new AbortController()
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end.abort())
    // Whoever reads the lines may go away.
    process.stdout.once('error', () => end.abort())
    try {
      await followTrace({user: args.user, contents: flags.contents}, {run: flags.run, signal: end.signal}, (item) => {
        process.stdout.write(flags.json ? `${JSON.stringify(item)}\n` : traceText(item))
      })
    } catch (error) {
      this.error(error instanceof Error ? error.message : String(error), {exit: 1})
    }
  }
}
