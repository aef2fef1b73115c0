/** A text that stands for itself within a filter (RFC 4515 §3). */
export function escapeFilterText(text: string): string {
  return text.replace(/[*()\\\0]/g, (character) => `\\${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
