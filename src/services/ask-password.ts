/** Asks on the terminal, on standard error, without showing what is typed; undefined when it is interrupted. The only user of enquirer in `src/`. */
export async function askPassword(message: string): Promise<string | undefined> {
  try {
    // Only a terminal needs it, and it takes long to load.
    const {default: enquirer} = await import('enquirer')
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

/** Asks for yes or no, on standard error; no when it is interrupted. */
export async function askYes(message: string): Promise<boolean> {
  try {
    const {default: enquirer} = await import('enquirer')
    const question = {type: 'confirm', name: 'yes', message, initial: false, stdin: process.stdin, stdout: process.stderr}
    return (await enquirer.prompt<{yes?: boolean}>(question)).yes === true
  } catch {
    // Interrupted.
    return false
  }
}

/** Asks for a text that may be seen, on standard error; undefined when it is interrupted. */
export async function askText(message: string, initial: string): Promise<string | undefined> {
  try {
    const {default: enquirer} = await import('enquirer')
    const question = {type: 'input', name: 'text', message, initial, stdin: process.stdin, stdout: process.stderr}
    return (await enquirer.prompt<{text?: string}>(question)).text ?? ''
  } catch {
    // Interrupted.
    return undefined
  }
}
