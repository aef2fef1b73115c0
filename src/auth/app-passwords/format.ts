/** App passwords of an account as they are stored: JSON, as octets. */
import {Fault} from '../../support/fault.js'
import type {AppPassword} from './app-password.js'

export function formatAppPasswords(list: readonly AppPassword[]): string {
  return Buffer.from(JSON.stringify(list)).toString('latin1')
}

/** @throws {Fault} `unavailable` for what we have not written */
export function parseAppPasswords(octets: string): AppPassword[] {
  try {
    const list: unknown = JSON.parse(Buffer.from(octets, 'latin1').toString())
    if (Array.isArray(list)) return list.map(readOne)
  } catch (error) {
    if (error instanceof Fault) throw error
  }
  throw unreadable()
}

function readOne(item: unknown): AppPassword {
  if (typeof item !== 'object' || item === null) throw unreadable()
  const {name, hash, services, created, expires} = item as Record<string, unknown>
  if (typeof name !== 'string' || typeof hash !== 'string' || typeof created !== 'number' || !Array.isArray(services)) throw unreadable()
  return {name, hash, services: services.map(String), created, expires: typeof expires === 'number' ? expires : undefined}
}

function unreadable(): Fault {
  return new Fault('unavailable', 'The app passwords of an account cannot be read')
}
