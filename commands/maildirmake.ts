import {Command} from '@oclif/core'
import {maildirmake} from '../src/services/maildirmake/maildirmake.js'

export default class MaildirMake extends Command {
  static override summary = 'Create a maildir or a folder in one, set a quota, or convert folder names.'
  static override description = [
    'Options are read from left to right and end at the first word without "-", which is the maildir; those with a long name may follow it.',
    '--folder NAME, -f NAME: a folder; "." separates levels. -F NAME: the same, where "." is part of the name.',
    '--quota QUOTA, -q QUOTA: bytes and messages, such as 10000000S,1000C; creates the maildir when it is missing.',
    '-S: a maildir that others may read. -s read|write[,group]: a folder that others may read or write.',
    '--convert: folder names from before Courier 5 become UTF-8; --check only says what would change. --filter FILE: a mail filter to convert as well. The original spelling: --convutf8 MAILDIR [FILE], --checkutf8 MAILDIR [FILE].',
    "--add NICK=/PATH, --del NICK: the account's list of sharable maildirs.",
  ].join('\n\n')
  static override usage = [
    'maildirmake [-S] [-q QUOTA] MAILDIR',
    'maildirmake -f NAME|-F NAME [-s MODE] MAILDIR',
    'maildirmake MAILDIR [--folder NAME] [--quota QUOTA]',
    'maildirmake MAILDIR --convert|--check [--filter FILE]',
    'maildirmake --add NICK=/PATH|--del NICK MAILDIR',
  ]
  static override examples = [
    '<%= config.bin %> maildirmake ~/Maildir',
    '<%= config.bin %> maildirmake ~/Maildir --folder Drafts',
    '<%= config.bin %> maildirmake -f Sent.2026 ~/Maildir',
    '<%= config.bin %> maildirmake ~/Maildir --quota 1000000000S,50000C',
    '<%= config.bin %> maildirmake ~/Maildir --convert',
  ]
  static override strict = false

  async run(): Promise<void> {
    // The original's arguments ("-fNAME", "--add NICK=/PATH") are not those of a usual parser.
    this.parsed = true
    process.exitCode = await maildirmake(this.argv, {
      env: process.env,
      out: (octets) => process.stdout.write(octets, 'latin1'),
      err: (octets) => process.stderr.write(octets, 'latin1'),
    })
  }
}
