import {IMAPD_SSL} from './imapd-ssl-options.js'
import {flag, type Option, optionTable, special, text, yes} from './option.js'
import {readPortList} from './port-list.js'

const start = {use: 'start'} as const
const later = {effect: 'later'} as const

const {SSLPORT, SSLPIDFILE, SSLLOGGEROPTS, IMAPDSSLSTART, IMAPDSTARTTLS, IMAP_TLS_REQUIRED, ...shared} = IMAPD_SSL

function shippedAs<T>(option: Option<T>, shipped: string): Option<T> {
  return {...option, shipped}
}

/** Settings of the file `pop3d-ssl` (`spec/server-config-tls.md` §4.4): those of `imapd-ssl` with other names and defaults. */
export const POP3D_SSL = optionTable({
  SSLPORT: special('SSLPORT:0', '995', 'Ports of POP3 over TLS, as PORT', {
    ...start,
    type: 'port list',
    read: (value) => readPortList(value ?? '995', undefined),
  }),
  SSLPIDFILE: text(SSLPIDFILE.block, '/run/courier/pop3d-ssl.pid', 'Process id of the server that "pop3d-ssl start" started', {
    ...start,
    fallback: undefined,
  }),
  SSLLOGGEROPTS: shippedAs(SSLLOGGEROPTS, '-name=pop3d-ssl'),
  POP3DSSLSTART: yes('POP3DSSLSTART:0', 'NO', 'POP3 over TLS is served when no service is named on the command line', {
    ...start,
    ...later,
  }),
  POP3_STARTTLS: yes('POP3_STARTTLS:0', 'YES', 'STLS on the plain port', start),
  POP3_TLS_REQUIRED: flag('POP3_TLS_REQUIRED:1', '0', 'No login without encryption'),
  ...shared,
  TLS_CERTFILE: shippedAs(shared.TLS_CERTFILE, '/etc/courier/pop3d.pem'),
  TLS_CACHEFILE: shippedAs(shared.TLS_CACHEFILE, '/var/lib/courier/couriersslpop3cache'),
  TLS_ALPN: shippedAs(shared.TLS_ALPN, 'pop3'),
})
