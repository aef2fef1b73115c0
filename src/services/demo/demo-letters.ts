/** The mail of the demo: a few dozen letters as people write them, with threads, attachments, HTML and many scripts. */
export interface Letter {
  /** Folder as on disk, empty for INBOX. */
  readonly folder: string
  /** Flag letters of the file name (`spec/imap.md` §9.1); undefined: lies in `new/`, not seen by any program yet. */
  readonly flags: string | undefined
  readonly from: string
  readonly to: string
  readonly subject: string
  /** Hours before now. */
  readonly ageHours: number
  readonly text: string
  readonly html?: string
  readonly attachments?: readonly Attachment[]
  /** Name by which answers refer to it. */
  readonly id?: string
  /** Names of the letters before it in the thread, oldest first. */
  readonly thread?: readonly string[]
  readonly charset?: 'utf-8' | 'iso-8859-1'
  /** Further header lines. */
  readonly headers?: readonly string[]
}

export interface Attachment {
  readonly name: string
  readonly type: string
  readonly content: Buffer
  /** Shown within the HTML by this Content-ID. */
  readonly inlineId?: string
  /** Is a message itself. */
  readonly isMessage?: boolean
}

const JANE = 'Jane Doe <jane@example.com>'
const JOHN = 'John Smith <john@example.com>'
const ANNA = 'Anna Müller <anna.mueller@example.org>'
const KENJI = '田中 健二 <kenji@example.jp>'
const OLGA = 'Ольга Иванова <olga@example.ru>'
const AMIRA = 'أميرة حسن <amira@example.net>'
const LIST = 'Maildir users <maildir-users@lists.example.org>'

/** A red dot, 1 × 1. */
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==', 'base64')

const PDF = Buffer.from(
  `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 120]/Contents 4 0 R/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj
4 0 obj<</Length 62>>stream
BT /F1 18 Tf 20 60 Td (Invoice 2026-117: 42.00 EUR) Tj ET
endstream endobj
trailer<</Root 1 0 R>>
%%EOF
`,
  'latin1',
)

const CALENDAR = Buffer.from(
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'METHOD:REQUEST', 'BEGIN:VEVENT', 'UID:lunch-1@example.com', 'DTSTAMP:20260101T100000Z']
    .concat(['DTSTART:20260105T113000Z', 'DTEND:20260105T123000Z', 'SUMMARY:Lunch', 'END:VEVENT', 'END:VCALENDAR', ''])
    .join('\r\n'),
)

const FORWARDED = Buffer.from(
  'From: Postmaster <postmaster@example.net>\nTo: jane@example.com\nSubject: Undelivered mail\nDate: Thu, 1 Jan 2026 08:00:00 +0000\n' +
    'Message-ID: <bounce-1@example.net>\nMIME-Version: 1.0\nContent-Type: text/plain; charset=us-ascii\n\nYour message could not be delivered.\n',
)

const THREAD: readonly Letter[] = [
  {
    folder: '',
    flags: 'RS',
    from: ANNA,
    to: JANE,
    subject: 'Umzug der Mailserver',
    ageHours: 120,
    id: 'move-1',
    text: 'Liebe Jane,\n\nam Wochenende ziehen wir die Mailserver um. Schläft danach alles weiter?\n\nGrüße\nAnna\n',
  },
  {
    folder: '.Sent',
    flags: 'S',
    from: JANE,
    to: ANNA,
    subject: 'Re: Umzug der Mailserver',
    ageHours: 118,
    id: 'move-2',
    thread: ['move-1'],
    text: 'Hi Anna,\n\nthe Maildirs stay where they are, UIDs and all. No client will notice.\n\nJane\n\n> Schläft danach alles weiter?\n',
  },
  {
    folder: '',
    flags: 'S',
    from: JOHN,
    to: `${ANNA}, ${JANE}`,
    subject: 'Re: Umzug der Mailserver',
    ageHours: 116,
    id: 'move-3',
    thread: ['move-1', 'move-2'],
    text: 'I can be there on Saturday from nine.\n\nJohn\n',
  },
  {
    folder: '',
    flags: 'FS',
    from: ANNA,
    to: `${JOHN}, ${JANE}`,
    subject: 'Re: Umzug der Mailserver',
    ageHours: 110,
    id: 'move-4',
    thread: ['move-1', 'move-2', 'move-3'],
    text: 'Wunderbar. Ich bringe Brötchen mit — für alle.\n',
  },
]

const INBOX: readonly Letter[] = [
  {
    folder: '',
    flags: 'S',
    from: 'Courier for Node <postmaster@example.com>',
    to: JANE,
    subject: 'Welcome to your demo mailbox',
    ageHours: 200,
    id: 'welcome',
    text: 'This mailbox lies in an ordinary Maildir on this computer. Every message is a file:\nlook around with ls, move files with another program, and see what your mail client says.\n',
  },
  {
    folder: '',
    flags: 'S',
    from: KENJI,
    to: JANE,
    subject: '会議の議事録',
    ageHours: 96,
    text: 'ジェーンさん\n\n昨日の会議の議事録をお送りします。ご確認ください。\n\n田中\n',
  },
  {
    folder: '',
    flags: 'S',
    from: OLGA,
    to: JANE,
    subject: 'Привет из Москвы',
    ageHours: 90,
    text: 'Привет, Джейн!\n\nФотографии пришлю завтра.\n\nОльга\n',
  },
  {
    folder: '',
    flags: 'S',
    from: AMIRA,
    to: JANE,
    subject: 'صباح الخير',
    ageHours: 84,
    text: 'صباح الخير يا جين،\n\nالتقرير جاهز.\n\nأميرة\n',
  },
  {
    folder: '',
    flags: 'S',
    from: 'Café Crème <bonjour@example.fr>',
    to: JANE,
    subject: 'Carte du déjeuner',
    ageHours: 80,
    charset: 'iso-8859-1',
    text: 'Bonjour,\n\naujourd’hui : crème brûlée, gâteau, thé à la menthe.\n'.replace('’', "'"),
  },
  {
    folder: '',
    flags: 'FS',
    from: 'Accounts <billing@example.com>',
    to: JANE,
    subject: 'Invoice 2026-117',
    ageHours: 72,
    text: 'Dear customer,\n\nplease find our invoice attached.\n',
    attachments: [{name: 'invoice-2026-117.pdf', type: 'application/pdf', content: PDF}],
  },
  {
    folder: '',
    flags: 'S',
    from: ANNA,
    to: JANE,
    subject: 'Übersicht für März',
    ageHours: 60,
    text: 'Siehe Anhang.\n',
    attachments: [{name: 'Übersicht März – Größen.csv', type: 'text/csv', content: Buffer.from('Straße;Größe\nMühlweg;12\n')}],
  },
  {
    folder: '',
    flags: '',
    from: 'Weekly News <news@example.org>',
    to: JANE,
    subject: 'This week: 7 facts about Maildir',
    ageHours: 48,
    text: '1. No locks are needed to deliver.\n2. Every message is a file.\n',
    html: '<html><body><h1>This week</h1><p>Every message is <b>a file</b>. <img src="cid:dot@example.org" alt="dot"></p><p>Größe &amp; Umlaute: äöü</p></body></html>',
    attachments: [{name: 'dot.png', type: 'image/png', content: PNG, inlineId: 'dot@example.org'}],
    headers: ['List-Id: Weekly News <news.example.org>', 'List-Unsubscribe: <mailto:leave@example.org>'],
  },
  {
    folder: '',
    flags: '',
    from: JOHN,
    to: JANE,
    subject: 'Fwd: Undelivered mail',
    ageHours: 40,
    text: 'What do you make of this?\n',
    attachments: [{name: 'undelivered.eml', type: 'message/rfc822', content: FORWARDED, isMessage: true}],
  },
  {
    folder: '',
    flags: '',
    from: JOHN,
    to: JANE,
    subject: 'Lunch on Monday?',
    ageHours: 30,
    id: 'lunch-1',
    text: 'Half past twelve at the usual place?\n',
    attachments: [{name: 'lunch.ics', type: 'text/calendar', content: CALENDAR}],
  },
  {
    folder: '',
    flags: '',
    from: KENJI,
    to: `${JANE}, ${OLGA}`,
    subject: 'Re: Lunch on Monday?',
    ageHours: 28,
    thread: ['lunch-1'],
    text: '参加します！ I will join you.\n',
  },
  {
    folder: '',
    flags: undefined,
    from: OLGA,
    to: `${JANE}, ${KENJI}`,
    subject: 'Re: Lunch on Monday?',
    ageHours: 3,
    thread: ['lunch-1'],
    text: 'Я тоже! 🍜\n',
  },
  {
    folder: '',
    flags: undefined,
    from: ANNA,
    to: JANE,
    subject: 'Grüße von der Ostsee 🌊',
    ageHours: 2,
    text: 'Liebe Jane,\n\nhier weht ein frischer Wind.\n\nAnna\n',
    html: '<p>Liebe Jane,</p><p>hier weht ein <i>frischer</i> Wind. 🌬️</p><p>Anna</p>',
  },
  {
    folder: '',
    flags: undefined,
    from: 'Backup <backup@example.com>',
    to: JANE,
    subject: 'Backup finished: 0 errors',
    ageHours: 1,
    text: `${Array.from({length: 40}, (_, line) => `/home/jane/photo-${line}.jpg  copied`).join('\n')}\n`,
  },
]

const FOLDERS: readonly Letter[] = [
  {
    folder: '.Sent',
    flags: 'S',
    from: JANE,
    to: JOHN,
    subject: 'Re: Lunch on Monday?',
    ageHours: 29,
    thread: ['lunch-1'],
    text: 'Half past twelve is fine.\n',
  },
  {
    folder: '.Sent',
    flags: 'S',
    from: JANE,
    to: 'Accounts <billing@example.com>',
    subject: 'Re: Invoice 2026-117',
    ageHours: 70,
    text: 'Paid today. Thank you.\n',
  },
  {folder: '.Drafts', flags: 'DS', from: JANE, to: OLGA, subject: 'Фотографии', ageHours: 20, text: 'Дорогая Ольга,\n\n'},
  {folder: '.Drafts', flags: 'DS', from: JANE, to: '', subject: 'Ideas', ageHours: 15, text: '- write more letters\n'},
  {
    folder: '.Trash',
    flags: 'ST',
    from: 'Lucky Winner <win@example.biz>',
    to: JANE,
    subject: '=== You have won ===',
    ageHours: 100,
    text: 'Send us your bank account.\n',
  },
  {
    folder: '.Trash',
    flags: 'S',
    from: 'Old List <old@example.org>',
    to: JANE,
    subject: 'The list is closed',
    ageHours: 99,
    text: 'Good-bye.\n',
  },
  {
    folder: '.Junk',
    flags: '',
    from: 'Cheap Watches <sell@example.biz>',
    to: JANE,
    subject: 'W A T C H E S',
    ageHours: 50,
    text: 'Buy now.\n',
    html: '<p><font color="red">Buy now.</font></p>',
  },
  {
    folder: '.Projects.Mail server',
    flags: 'S',
    from: JOHN,
    to: JANE,
    subject: 'Plan',
    ageHours: 140,
    id: 'plan-1',
    text: '1. Install\n2. Point at /etc/courier\n3. Done\n',
  },
  {
    folder: '.Projects.Mail server',
    flags: 'RS',
    from: JOHN,
    to: JANE,
    subject: 'Re: Plan',
    ageHours: 139,
    thread: ['plan-1'],
    text: '4. Have lunch\n',
  },
  {
    folder: '.Projects.Grüße',
    flags: 'S',
    from: ANNA,
    to: JANE,
    subject: 'Ein Ordner mit Umlauten',
    ageHours: 130,
    text: 'Sein Name steht in UTF-8 auf der Platte und in modifiziertem UTF-7 auf der Leitung.\n',
  },
]

/** A thread of a mailing list: answers to answers. */
const LIST_LETTERS: readonly Letter[] = Array.from({length: 12}, (_, index): Letter => {
  const earlier = Array.from({length: index}, (__, before) => `list-${before}`)
  const thread = index === 0 ? [] : index % 3 === 0 ? earlier.slice(0, 1) : earlier
  const [from = JOHN] = [[JOHN, ANNA, KENJI, OLGA, AMIRA][index % 5] ?? JOHN]
  return {
    folder: '.Lists.maildir-users',
    flags: index > 9 ? '' : 'S',
    from,
    to: LIST,
    subject: `${index === 0 ? '' : 'Re: '}[maildir-users] How many files can a folder hold?`,
    ageHours: 60 - index * 3,
    id: `list-${index}`,
    thread,
    text: index === 0 ? 'I have 100,000 in one folder. Is that too many?\n' : `Answer ${index}: it depends on the file system.\n`,
    headers: [
      'List-Id: Maildir users <maildir-users.lists.example.org>',
      'List-Post: <mailto:maildir-users@lists.example.org>',
      'Precedence: list',
    ],
  }
})

export const JANES_LETTERS: readonly Letter[] = [...INBOX, ...THREAD, ...FOLDERS, ...LIST_LETTERS]

export const JOHNS_LETTERS: readonly Letter[] = [
  {
    folder: '',
    flags: 'S',
    from: 'Courier for Node <postmaster@example.com>',
    to: JOHN,
    subject: 'Welcome to your demo mailbox',
    ageHours: 200,
    text: 'This is the second account of the demo.\n',
  },
  {
    folder: '',
    flags: 'S',
    from: JANE,
    to: JOHN,
    subject: 'Re: Lunch on Monday?',
    ageHours: 29,
    thread: ['lunch-1'],
    text: 'Half past twelve is fine.\n',
  },
  {folder: '', flags: undefined, from: ANNA, to: JOHN, subject: 'Schlüssel', ageHours: 5, text: 'Der Schlüssel liegt unter der Matte.\n'},
  {
    folder: '.Sent',
    flags: 'S',
    from: JOHN,
    to: JANE,
    subject: 'Lunch on Monday?',
    ageHours: 30,
    id: 'lunch-1',
    text: 'Half past twelve at the usual place?\n',
  },
]
