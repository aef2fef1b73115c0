import {spawn} from 'node:child_process'
import {existsSync} from 'node:fs'

export interface ProgramResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end. Never rejects: a program that cannot be started has the code null. */
export function runProgram(
  path: string,
  args: readonly string[],
  {cwd, env, input = ''}: {readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly input?: string} = {},
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const child = spawn(path, args, {cwd, env: {...process.env, ...env}, stdio: 'pipe'})
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString('utf8')
    })
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString('utf8')
    })
    child.on('error', (error) => resolve({code: null, stdout, stderr: error.message}))
    child.on('close', (code) => resolve({code, stdout, stderr}))
    child.stdin.on('error', () => {}) // it may have ended without reading
    child.stdin.end(input)
  })
}

/** maildrop brings programs of the same names: which one has the plain name is the system's choice. */
function ofCourier(path: string): string {
  return existsSync(`${path}.courier`) ? `${path}.courier` : path
}

/** Programs of a real Courier on this machine, for tests that compare. */
export const REAL_COURIER = {
  maildirmake: ofCourier('/usr/bin/maildirmake'),
  maildirkw: '/usr/bin/maildirkw',
  imapd: '/usr/bin/imapd',
} as const

export function isInstalled(path: string): boolean {
  return existsSync(path)
}
