import {type AskOptions, ask} from './client.js'

/** Ends the server; answers when it has ended. @throws {Fault} none runs */
export async function stopServer(options: AskOptions): Promise<void> {
  let begun = false
  try {
    await ask({request: 'stop'}, options, () => {
      begun = true
    })
  } catch (error) {
    // The connection closes when the server has ended.
    if (!begun) throw error
  }
}
