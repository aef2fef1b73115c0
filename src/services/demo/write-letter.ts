/** A letter as a message file: RFC 5322 and MIME, with line feeds as a Maildir holds it. */
import type {Attachment, Letter} from './demo-letters.js'

const DOMAIN = 'demo.example.com'

/** Words of a header that are not ASCII, as RFC 2047 writes them; at most 75 characters each. */
function encodedWords(text: string): string {
  if (!/[^\x20-\x7e]/.test(text)) return text
  const words: string[] = []
  let word = ''
  for (const character of text) {
    if (Buffer.byteLength(word + character) > 42) {
      words.push(word)
      word = ''
    }
    word += character
  }
  return [...words, word].map((each) => `=?UTF-8?B?${Buffer.from(each).toString('base64')}?=`).join('\n ')
}

/** Addresses with their names encoded. */
function addresses(list: string): string {
  return list.replace(/([^<,]+?) (<[^>]*>)/g, (_whole, name: string, address: string) => `${encodedWords(name.trim())} ${address}`)
}

function date(time: Date): string {
  return time.toUTCString().replace('GMT', '+0000')
}

function base64Lines(content: Buffer): string {
  return `${(content.toString('base64').match(/.{1,76}/g) ?? ['']).join('\n')}\n`
}

/** Quoted-printable (RFC 2045 §6.7), lines of at most 76 characters. */
function quotedPrintable(octets: Buffer): string {
  let out = ''
  let width = 0
  for (const octet of octets) {
    if (octet === 0x0a) {
      out += '\n'
      width = 0
      continue
    }
    const piece =
      octet > 0x7e || octet < 0x20 || octet === 0x3d ? `=${octet.toString(16).toUpperCase().padStart(2, '0')}` : String.fromCharCode(octet)
    if (width + piece.length > 75) {
      out += '=\n'
      width = 0
    }
    out += piece
    width += piece.length
  }
  return out
}

function textPart(type: 'plain' | 'html', content: string, charset: 'utf-8' | 'iso-8859-1'): string {
  const octets = Buffer.from(content, charset === 'utf-8' ? 'utf8' : 'latin1')
  const ascii = octets.every((octet) => octet < 0x80)
  const head = `Content-Type: text/${type}; charset=${ascii ? 'us-ascii' : charset}\n`
  return ascii ? `${head}\n${content}` : `${head}Content-Transfer-Encoding: quoted-printable\n\n${quotedPrintable(octets)}`
}

/** A file name in a header, in the form of RFC 2231 where it is not ASCII. */
function fileName(name: string): string {
  return /[^\x20-\x7e]/.test(name) ? `filename*=UTF-8''${encodeURIComponent(name)}` : `filename="${name}"`
}

function attachmentPart({name, type, content, inlineId, isMessage}: Attachment): string {
  const disposition = `Content-Disposition: ${inlineId ? 'inline' : 'attachment'};\n ${fileName(name)}\n`
  const head = `Content-Type: ${type}\n${disposition}${inlineId ? `Content-ID: <${inlineId}>\n` : ''}`
  return isMessage ? `${head}\n${content.toString('latin1')}` : `${head}Content-Transfer-Encoding: base64\n\n${base64Lines(content)}`
}

function multipart(subtype: string, boundary: string, parts: readonly string[]): string {
  const body = parts.map((part) => `--${boundary}\n${part}\n`).join('')
  return `Content-Type: multipart/${subtype}; boundary="${boundary}"\n\n${body}--${boundary}--\n`
}

function content({text, html, attachments = [], charset = 'utf-8'}: Letter, boundary: string): string {
  const plain = textPart('plain', text, charset)
  const inline = attachments.filter(({inlineId}) => inlineId)
  const rich = html === undefined ? undefined : textPart('html', html, charset)
  const shown = rich && inline.length > 0 ? multipart('related', `${boundary}-r`, [rich, ...inline.map(attachmentPart)]) : rich
  const body = shown === undefined ? plain : multipart('alternative', `${boundary}-a`, [plain, shown])
  const others = attachments.filter(({inlineId}) => !inlineId)
  return others.length === 0 ? body : multipart('mixed', `${boundary}-m`, [body, ...others.map(attachmentPart)])
}

/** `number` makes the Message-ID of a letter without a name. */
export function writeLetter(letter: Letter, {time, number}: {readonly time: Date; readonly number: number}): Buffer {
  const messageId = (name: string) => `<${name}@${DOMAIN}>`
  const thread = letter.thread ?? []
  const answers = thread.at(-1)
  const header = [
    `Return-Path: ${/<[^>]*>/.exec(letter.from)?.[0] ?? '<>'}`,
    `Date: ${date(time)}`,
    `From: ${addresses(letter.from)}`,
    ...(letter.to ? [`To: ${addresses(letter.to)}`] : []),
    `Subject: ${encodedWords(letter.subject)}`,
    `Message-ID: ${messageId(letter.id ?? `letter-${number}`)}`,
    ...(answers ? [`In-Reply-To: ${messageId(answers)}`, `References: ${thread.map(messageId).join('\n ')}`] : []),
    ...(letter.headers ?? []),
    'MIME-Version: 1.0',
  ]
  return Buffer.from(`${header.join('\n')}\n${content(letter, `=_demo-${number}`)}`, 'latin1')
}
