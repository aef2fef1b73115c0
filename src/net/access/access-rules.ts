import {accessKeys} from './access-key.js'
import {type AccessVerdict, ALLOWED, readAccessValue} from './access-value.js'

/** Compiled access rules: a value for a key. */
export interface AccessTable {
  get(key: string): string | undefined
}

/** What the most specific entry says: it alone decides. Without one everybody is allowed. */
export function accessFor(table: AccessTable, ip: string, port?: number): AccessVerdict {
  for (const key of accessKeys(ip, port)) {
    const value = table.get(key)
    if (value !== undefined) return readAccessValue(value)
  }
  return ALLOWED
}
