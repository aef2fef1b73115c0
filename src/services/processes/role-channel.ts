/** The channel between a role's process and the supervisor, as the role has it. */

import type {SendHandle} from 'node:child_process'
import process from 'node:process'
import {isInspection} from './inspection.js'

export type Receive<Message> = (message: Message, handle: unknown) => void

/** Takes what the supervisor says, from now on. */
export function receive<Message>(take: Receive<Message>): void {
  process.on('message', (message, handle: unknown) => {
    // Answered by `answer-inspection.ts`.
    if (!isInspection(message)) take(message as Message, handle)
  })
}

/** Says something to the supervisor. When it is gone, this process ends anyway. `sent`: it has left this process, or never will. */
export function tell<Message extends object>(message: Message, handle?: object, sent: () => void = () => undefined): void {
  if (process.send && process.connected) process.send(message, handle as SendHandle | undefined, {}, sent)
  else sent()
}
