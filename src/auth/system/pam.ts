/** PAM through the system's libpam. Blocks for as long as its modules take: for processes of their own. */
import {koffi, loadLibrary} from '../../support/native-library.js'

export interface PamRequest {
  /** Names the file in `/etc/pam.d`. */
  readonly service: string
  readonly user: string
  /** Octets, one character for each. */
  readonly password: string
  /** Address of the client, PAM_RHOST; empty for none. */
  readonly remote: string
}

export type PamResult = {readonly accepted: true} | {readonly accepted: false; readonly isTemporary: boolean; readonly reason: string}

export type CheckByPam = (request: PamRequest) => PamResult

const PAM_SUCCESS = 0
const PAM_CONV_ERR = 19
const PAM_RHOST = 4
const PAM_FAIL_DELAY = 10
const PAM_PROMPT_ECHO_OFF = 1
const PAM_PROMPT_ECHO_ON = 2
const PAM_SILENT = 0x8000
/** Codes of Linux-PAM that say nothing about the password: OPEN_ERR, SYMBOL_ERR, SERVICE_ERR, SYSTEM_ERR, BUF_ERR, AUTHINFO_UNAVAIL, ABORT. */
const TEMPORARY = new Set([1, 2, 3, 4, 5, 9, 26])
/** `struct pam_response {char *resp; int resp_retcode}` with padding. */
const RESPONSE_OCTETS = 16
const MAX_MESSAGES = 32

type Pointer = unknown

/**
 * `pam_authenticate` and `pam_acct_mgmt` (`spec/auth.md` §17). The delay after a failure is switched off: answers of the server
 * have a fixed time of their own, and a process that sleeps checks nobody else's password.
 *
 * @throws {Fault} `unavailable` when the system has no PAM
 */
export function loadPam(): CheckByPam {
  const pam = loadLibrary(['libpam.so.0'])
  const libc = loadLibrary([null])
  const calloc = libc.func('void *calloc(size_t count, size_t size)')
  const strdup = libc.func('void *strdup(uint8_t *text)')
  const message = koffi.struct({style: 'int', text: 'str'})
  const conversationType = koffi.pointer(koffi.proto('int', ['int', 'void *', 'void *', 'void *']))
  const delayType = koffi.pointer(koffi.proto('void', ['int', 'uint', 'void *']))
  const conversation = koffi.struct({converse: conversationType, data: 'void *'})
  const start = pam.func('pam_start', 'int', ['str', 'str', koffi.pointer(conversation), koffi.out(koffi.pointer('void *'))])
  const setItem = pam.func('int pam_set_item(void *handle, int item, void *value)')
  const setText = pam.func('pam_set_item', 'int', ['void *', 'int', 'str'])
  const authenticate = pam.func('int pam_authenticate(void *handle, int flags)')
  const accountManagement = pam.func('int pam_acct_mgmt(void *handle, int flags)')
  const end = pam.func('int pam_end(void *handle, int status)')
  const textOf = pam.func('str pam_strerror(void *handle, int code)')
  const noDelay = koffi.register(() => undefined, delayType)

  let current: {readonly user: Buffer; readonly password: Buffer} | undefined
  // libpam frees what it gets here, so it is made by its own allocator.
  const converse = koffi.register((count: number, messages: Pointer, responses: Pointer): number => {
    if (!current || count < 1 || count > MAX_MESSAGES) return PAM_CONV_ERR
    const answers: Pointer = calloc(count, RESPONSE_OCTETS)
    for (let index = 0; index < count; index += 1) {
      const at: Pointer = koffi.decode(messages, index * 8, 'void *')
      const {style, text} = koffi.decode(at, message) as {style: number; text: string | null}
      const isPrompt = style === PAM_PROMPT_ECHO_OFF || style === PAM_PROMPT_ECHO_ON
      if (isPrompt) {
        const answer: Pointer = strdup(style === PAM_PROMPT_ECHO_OFF ? current.password : current.user)
        koffi.encode(answers, index * RESPONSE_OCTETS, 'void *', answer)
      } else if (text) process.stderr.write(`${text}\n`)
    }
    koffi.encode(responses, 'void *', answers)
    return PAM_SUCCESS
  }, conversationType)

  return ({service, user, password, remote}) => {
    const handle: Pointer[] = [null]
    current = {user: Buffer.from(`${user}\0`, 'utf8'), password: Buffer.from(`${password}\0`, 'latin1')}
    let code: number = start(service, user, {converse, data: null}, handle)
    const pamHandle = handle[0]
    try {
      if (code === PAM_SUCCESS) code = setItem(pamHandle, PAM_FAIL_DELAY, noDelay)
      if (code === PAM_SUCCESS && remote !== '') code = setText(pamHandle, PAM_RHOST, remote)
      if (code === PAM_SUCCESS) code = authenticate(pamHandle, PAM_SILENT)
      if (code === PAM_SUCCESS) code = accountManagement(pamHandle, PAM_SILENT)
      if (code === PAM_SUCCESS) return {accepted: true}
      return {accepted: false, isTemporary: TEMPORARY.has(code), reason: `PAM: ${textOf(pamHandle, code)}`}
    } finally {
      current.password.fill(0)
      current = undefined
      if (pamHandle) end(pamHandle, code)
    }
  }
}
