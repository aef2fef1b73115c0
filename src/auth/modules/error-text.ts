/** What a server or a library said, for the log: without stacks. Errors of several addresses have an empty message of their own. */
export function errorText(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(errorText).join('; ')
  return error instanceof Error ? error.message : String(error)
}
