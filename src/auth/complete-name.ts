export interface DefaultDomain {
  /** DEFDOMAIN with its separator, `@example.com`; empty for none. */
  readonly domain: string
  /** DOMAINSEP: characters that mark a name with a domain; undefined when it is not set. */
  readonly separators: string | undefined
}

/** The login name with DEFDOMAIN appended when it has no domain of its own (`spec/auth.md` §10). */
export function completeName(user: string, {domain, separators}: DefaultDomain): string {
  if (domain === '') return user
  const marks = separators ?? domain.slice(0, 1)
  return [...marks].some((mark) => user.includes(mark)) ? user : `${user}${domain}`
}
