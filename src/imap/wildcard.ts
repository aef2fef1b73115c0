/** Wildcards that a pattern may have: Courier's limit (`spec/imap.md` §12.7). */
export const MAX_WILDCARDS = 10

/** How many `*` and `%` are in a pattern. */
export function countWildcards(pattern: string): number {
  return pattern.length - pattern.replace(/[*%]/g, '').length
}

/**
 * A test whether names match a LIST pattern: `*` is anything, `%` anything without the separator (RFC 3501 §6.3.8).
 *
 * Walks through the name once with the set of places in the pattern where a match can stand, so it takes at most
 * length of name × length of pattern steps, whatever the pattern is.
 */
export function wildcardMatcher(pattern: string): (name: string) => boolean {
  const literals = pattern.length - countWildcards(pattern)
  return (name) => {
    if (literals > name.length) return false
    let places = passWildcards(pattern, [0])
    for (let i = 0; i < name.length && places.length > 0; i++) places = step(pattern, places, name[i] ?? '')
    return places.at(-1) === pattern.length
  }
}

/** Adds the places behind wildcards, which may stand for nothing. Places ascend, each once. */
function passWildcards(pattern: string, places: readonly number[]): number[] {
  const result: number[] = []
  for (const start of places) {
    let place = start
    // A place that is in the list already has brought those behind it.
    while (place > (result.at(-1) ?? -1)) {
      result.push(place)
      if (pattern[place] === '*' || pattern[place] === '%') place++
    }
  }
  return result
}

function step(pattern: string, places: readonly number[], char: string): number[] {
  const next: number[] = []
  for (const place of places) {
    const wanted = pattern[place]
    const stays = wanted === '*' || (wanted === '%' && char !== '.')
    if (stays && next.at(-1) !== place) next.push(place)
    else if (wanted === char && wanted !== '*' && wanted !== '%') next.push(place + 1)
  }
  return passWildcards(pattern, next)
}
