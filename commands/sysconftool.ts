import {Command} from '@oclif/core'
import {runTool} from '../src/services/run-tool.js'
import {sysconftoolTool} from '../src/services/sysconftool-tool.js'

export default class Sysconftool extends Command {
  static override summary = "Merge the settings of configuration files into newer ones, as Courier's sysconftool does."
  static override description = [
    'For each FILE there must be a FILE.dist, the new file with its ##VERSION and ##NAME marks. Settings of blocks that have not changed are kept, the others get the new default; the old file becomes FILE.bak. A file of the same version is left alone. It is for files of other programs: "<%= config.bin %> configure" does this and more for our own.',
    '-n only tells what would happen, -f merges even if the versions are the same, -v prints the version of sysconftool whose files are understood, -r VERSION fails if that is older. Exit code 9: a file could not be merged.',
  ].join('\n\n')
  static override usage = ['sysconftool [-v] [-n] [-f] [-r VERSION] FILE...']
  static override examples = ['<%= config.bin %> sysconftool -n /etc/maildrop/config']
  static override strict = false

  async run(): Promise<void> {
    // Its one parser serves the link of that name as well.
    this.parsed = true
    await runTool(sysconftoolTool, this.argv, `${this.config.bin} sysconftool`)
  }
}
