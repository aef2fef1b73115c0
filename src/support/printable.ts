/** What would begin a new line or play with a terminal becomes `.`. */
export function withoutControls(text: string): string {
  // Nearly no text has any: to look is cheaper than to replace.
  return CONTROL.test(text) ? text.replace(new RegExp(CONTROL, 'g'), '.') : text
}

const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/
