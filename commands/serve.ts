import {join} from 'node:path'
import {Args, Command, Flags} from '@oclif/core'
import {tellParent} from '../src/services/background.js'
import {runServe} from '../src/services/run-serve.js'
import {Fault} from '../src/support/fault.js'

export default class Serve extends Command {
  static override summary = 'Serve mail: IMAP, and IMAP over TLS.'
  static override description =
    `Reads Courier's own files imapd, imapd-ssl and authdaemonrc, and serves until Ctrl-C or SIGTERM. SIGHUP reads them again.
Without services it serves those that the files switch on (IMAPDSTART, IMAPDSSLSTART).`
  static override examples = [
    {description: 'Try it out: a demo mail host in ./demo', command: '<%= config.bin %> <%= command.id %> --demo'},
    {
      description: "Serve from an existing Courier installation's configuration",
      command: '<%= config.bin %> <%= command.id %> --config /etc/courier',
    },
    {
      description: 'IMAP over TLS only, with logs for a log collector',
      command: '<%= config.bin %> <%= command.id %> imaps --log-format json',
    },
    {description: 'The demo on other ports', command: '<%= config.bin %> <%= command.id %> --demo --port 3143 --tls-port 3993'},
  ]
  static override strict = false
  static override args = {
    services: Args.string({description: 'imap, imaps, or both', required: false}),
  }
  static override flags = {
    config: Flags.string({
      description: 'directory with imapd, imapd-ssl, authdaemonrc and userdb [default: $COURIER_CONFIG or /etc/courier]',
      exclusive: ['demo'],
    }),
    demo: Flags.boolean({description: 'make a demo with accounts and mail in a folder, and serve it'}),
    'demo-dir': Flags.string({description: 'folder of the demo [default: ./demo]', dependsOn: ['demo']}),
    port: Flags.string({description: 'port for IMAP, instead of PORT; also ADDRESS.PORT'}),
    'tls-port': Flags.string({description: 'port for IMAP over TLS, instead of SSLPORT; also ADDRESS.PORT'}),
    user: Flags.string({description: 'when started as root: serve everything in one process as this user, not each account as its owner'}),
    log: Flags.string({
      description: "where to log: stderr, syslog, or syslog:/PATH of its socket [default: syslog when standard error is systemd's journal]",
    }),
    'log-json': Flags.string({description: 'write JSON objects to this file too'}),
    'log-format': Flags.option({options: ['text', 'json'] as const, default: 'text', description: "Courier's lines, or JSON objects"})(),
    debug: Flags.boolean({description: 'log more'}),
    'pid-file': Flags.string({description: 'write the process id here, and refuse to start beside the one that it names'}),
  }

  async run(): Promise<void> {
    const {argv, flags} = await this.parse(Serve)
    try {
      await runServe({
        services: argv.map(String),
        config: flags.config,
        demo: flags.demo,
        demoFolder: flags['demo-dir'],
        port: flags.port,
        tlsPort: flags['tls-port'],
        user: flags.user,
        logFormat: flags['log-format'],
        logTarget: flags.log,
        logJson: flags['log-json'],
        debug: flags.debug,
        pidFile: flags['pid-file'],
        templates: join(this.config.root, 'templates'),
        version: this.config.version,
        env: process.env,
        print: (line) => this.log(line),
      })
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      for (const line of error.message.split('\n')) this.logToStderr(`Error: ${line}`)
      await tellParent({failed: error.message})
      this.exit(1)
    }
    // Threads and watches have nothing left to do.
    process.exit(0)
  }
}
