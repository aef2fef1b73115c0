import {Networks} from '../support/networks.js'

/**
 * Addresses and networks separated by blanks or commas; `unset` when there is no value.
 *
 * @throws {BadSyntax}
 */
export function readNetworks(value: string | undefined, unset: readonly string[]): readonly string[] {
  if (value === undefined) return unset
  const found = value.split(/[\s,]+/).filter((word) => word !== '')
  new Networks(found)
  return found
}
