import enquirer from 'enquirer'

/** Asks on the terminal, on standard error, without showing what is typed; undefined when it is interrupted. The only user of enquirer in `src/`. */
export async function askPassword(message: string): Promise<string | undefined> {
  try {
    const answers = await enquirer.prompt<{password?: string}>({
      type: 'invisible',
      name: 'password',
      message,
      prefix: '',
      stdin: process.stdin,
      stdout: process.stderr,
    })
    return answers.password ?? ''
  } catch {
    // Interrupted.
    return undefined
  }
}
