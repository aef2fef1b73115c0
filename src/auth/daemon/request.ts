/** What clients ask an authdaemond (`spec/auth.md` §12). All texts are octets, one character for each. */
import type {Secret} from '../../log/secret.js'

/** `AUTH`: what an authentication of that type carries. */
export interface AuthRequest {
  readonly command: 'AUTH'
  readonly service: string
  /** `login`, `cram-md5`, …, as it was sent: case counts. */
  readonly authType: string
  /** The rest, with its line feeds. */
  readonly data: Secret
  /** TCPREMOTEIP; empty when it was not sent. */
  readonly remote: string
}

/** `PRE`: an account without its password. */
export interface LookUpRequest {
  readonly command: 'PRE'
  /** Name of a module; undefined for all. */
  readonly module: string | undefined
  readonly service: string
  readonly user: string
  readonly remote: string
}

/** `PASSWD` */
export interface PasswordRequest {
  readonly command: 'PASSWD'
  readonly service: string
  readonly user: string
  readonly oldPassword: Secret
  readonly newPassword: Secret
  readonly remote: string
}

/** `ENUMERATE`: all accounts. */
export interface EnumerateRequest {
  readonly command: 'ENUMERATE'
}

export type DaemonRequest =
  | AuthRequest
  | LookUpRequest
  | PasswordRequest
  | EnumerateRequest
  /** Well-formed, and never granted: answered FAIL without asking anybody. */
  | {readonly command: 'refused'}
