import {convertedName} from './old-names.js'

/** A mail filter with its folder names converted. */
export interface ConvertedFilter {
  readonly text: string
  /** Folders of rules that were changed: old and new name. */
  readonly changes: readonly (readonly [from: string, to: string])[]
  /** Folders that are not valid. */
  readonly invalid: readonly string[]
}

/**
 * Converts the folder names of a filter that SqWebMail has made (`spec/maildir.md` §17.1); undefined when somebody else
 * made it. Octets in, octets out; nothing but the names changes.
 *
 * Courier: writes the file anew from what it understood, and loses the end of a sender's address with a quote in it.
 */
export function convertedFilter(text: string): ConvertedFilter | undefined {
  if (!/^#MFMAILDROP=[12][ \t]*\r?(?:\n|$)/.test(text)) return undefined
  const changes: [string, string][] = []
  const invalid: string[] = []
  const lines = text.split('\n').map((line) => {
    const rule = /^(## *folder: *)\.([^.].*)$/is.exec(line)
    if (rule) {
      const [, key = '', name = ''] = rule
      const converted = convertedName(name)
      if (converted === undefined) invalid.push(`INBOX.${name}`)
      else if (converted !== name) changes.push([`INBOX.${name}`, `INBOX.${converted}`])
      return `${key}.${converted ?? name}`
    }
    const delivery = /^(\s*(?:to|cc)\s+"(?:[^"]*\/)?)\.([^./"][^/"]*)(\/\."\s*)$/s.exec(line)
    if (!delivery) return line
    const [, before = '', name = '', after = ''] = delivery
    return `${before}.${convertedName(name) ?? name}${after}`
  })
  return {text: lines.join('\n'), changes, invalid}
}
