import {type AskOptions, ask} from './client.js'

export interface ReloadProblem {
  readonly level: string
  readonly text: string
}

/** Lets the server read its configuration again; calls for each thing that it says about it. @throws {Fault} `bad-configuration`: it was refused */
export async function reloadServer(options: AskOptions, tell: (problem: ReloadProblem) => void): Promise<void> {
  await ask({request: 'reload'}, options, (item) => tell(item as ReloadProblem))
}
