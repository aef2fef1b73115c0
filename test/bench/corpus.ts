/** Deterministic mail: threads, attachments, HTML, non-ASCII. The same number always gives the same message. */
import {mkdirSync, utimesSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'

const WORDS =
  'server mailbox folder message quota index reply thread draft archive deliver header attachment meeting report invoice project budget review deadline release version customer contract schedule holiday lunch coffee train ticket hotel weather garden music concert paper printer network cable router'.split(
    ' ',
  )
const PEOPLE = ['Anna Müller', 'Bob Smith', 'Chloé Dubois', 'Dmitri Ivanov', 'Eva Nováková', 'Frank Castle', '渡辺 健', 'Grace Hopper']

/** A small generator of numbers that is the same everywhere (mulberry32). */
function random(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

function words(next: (below: number) => number, count: number): string {
  return Array.from({length: count}, () => WORDS[next(WORDS.length)]).join(' ')
}

function address(person: string): string {
  const name = /^[\x20-\x7e]*$/.test(person) ? person : `=?utf-8?B?${Buffer.from(person).toString('base64')}?=`
  return `${name} <p${PEOPLE.indexOf(person)}@example.com>`
}

/** Message number `number` of the corpus, with LF line ends; 11 to 12 KB on average. */
export function message(number: number): Buffer {
  const next = random(number + 1)
  const thread = number - (number % 7)
  const from = PEOPLE[next(PEOPLE.length)] ?? ''
  const to = PEOPLE[next(PEOPLE.length)] ?? ''
  const topic = words(random(thread + 99), 4)
  const date = new Date(Date.UTC(2024, 0, 1) + number * 600_000)
  const head = [
    'Return-Path: <sender@example.com>',
    `Received: from mx${number % 5}.example.net by mail.example.com with ESMTP id ${number}; ${date.toUTCString()}`,
    `Date: ${date.toUTCString().replace('GMT', '+0000')}`,
    `From: ${address(from)}`,
    `To: ${address(to)}`,
    ...(number % 3 === 0 ? [`Cc: ${address(PEOPLE[next(PEOPLE.length)] ?? '')}`] : []),
    `Subject: ${number === thread ? '' : 'Re: '}${number % 11 === 0 ? '=?utf-8?Q?Gr=C3=BC=C3=9Fe?= ' : ''}${topic}`,
    `Message-ID: <m${number}@bench.example.com>`,
    ...(number === thread
      ? []
      : [
          `In-Reply-To: <m${number - 1}@bench.example.com>`,
          `References: <m${thread}@bench.example.com> <m${number - 1}@bench.example.com>`,
        ]),
    'MIME-Version: 1.0',
  ]
  const text = Array.from({length: 8 + next(30)}, () => words(next, 10)).join('\n')
  const kind = number % 10
  if (kind < 6)
    return Buffer.from(`${head.join('\n')}\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n${text}\nGrüße\n`)
  const boundary = `b${number}`
  const html = `<html><body><p>${text.replaceAll('\n', '</p>\n<p>')}</p></body></html>`
  const parts = [
    `--${boundary}\nContent-Type: text/plain; charset=utf-8\n\n${text}\n`,
    `--${boundary}\nContent-Type: text/html; charset=utf-8\n\n${html}\n`,
  ]
  if (kind < 8)
    return Buffer.from(
      `${head.join('\n')}\nContent-Type: multipart/alternative; boundary="${boundary}"\n\n${parts.join('')}--${boundary}--\n`,
    )
  const data = Buffer.from(Array.from({length: 15_000 + next(40_000)}, () => next(256)))
  const base64 = data.toString('base64').replace(/.{76}/g, '$&\n')
  const attachment = `--${boundary}\nContent-Type: application/octet-stream; name="file${number}.bin"\nContent-Disposition: attachment; filename="file${number}.bin"\nContent-Transfer-Encoding: base64\n\n${base64}\n`
  return Buffer.from(
    `${head.join('\n')}\nContent-Type: multipart/mixed; boundary="${boundary}"\n\n${parts[0]}${attachment}--${boundary}--\n`,
  )
}

/** About 1 MB of text, with LF line ends. */
export function largeMessage(): Buffer {
  const text = Array.from({length: 14_000}, (_, line) => words(random(line), 10)).join('\n')
  const body = Buffer.from(text).subarray(0, 1_000_000)
  return Buffer.concat([Buffer.from('From: <large@example.com>\nSubject: large\n\n'), body, Buffer.from('\n')])
}

/** Writes a message's file, at most once. */
export function writeMessage(path: string, content: Buffer): void {
  mkdirSync(dirname(path), {recursive: true})
  writeFileSync(path, content)
}

/** Writes messages `0` to `count - 1` into a Maildir folder, all seen. */
export function fillFolder(path: string, count: number): void {
  for (const part of ['', 'cur', 'new', 'tmp']) mkdirSync(join(path, part), {recursive: true, mode: 0o700})
  for (let number = 0; number < count; number += 1) {
    const content = message(number)
    const file = join(path, 'cur', `${1_704_067_200 + number}.M${number}P1_0.bench,S=${content.length}:2,S`)
    writeFileSync(file, content)
    utimesSync(file, 1_704_067_200 + number * 600, 1_704_067_200 + number * 600)
  }
}
