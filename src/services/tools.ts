import type {Tool} from './tool.js'

/**
 * The tools by the names that the originals have. Each is loaded when it is called, so that a tool costs no more than itself.
 *
 * `path`: how the program was called. `bin/bundle.js` takes the text of each function for a bundle of its own: they use nothing
 * but what they import.
 */
export const TOOLS: Readonly<Record<string, (path: string) => Promise<Tool>>> = {
  authdaemond: async () => (await import('./authdaemond/authdaemond-tool.js')).authdaemondTool,
  authenumerate: async () => (await import('./authenumerate-tool.js')).authenumerateTool,
  authpasswd: async () => (await import('./authpasswd-tool.js')).authpasswdTool,
  authtest: async () => (await import('./authtest-tool.js')).authtestTool,
  courierauthconfig: async (path) => (await import('./courierauthconfig-tool.js')).courierauthconfigTool(path),
  courierlogger: async () => (await import('./courierlogger/courierlogger-tool.js')).courierloggerTool,
  imapd: async () => (await import('./service-control-tool.js')).serviceControlTool('imapd'),
  'imapd-ssl': async () => (await import('./service-control-tool.js')).serviceControlTool('imapd-ssl'),
  makeimapaccess: async () => (await import('./makeimapaccess-tool.js')).makeimapaccessTool,
  maildirmake: async () => (await import('./maildirmake/maildirmake.js')).maildirmake,
  makeuserdb: async () => (await import('./makeuserdb-tool.js')).makeuserdbTool,
  mkdhparams: async () => (await import('./mkdhparams-tool.js')).mkdhparamsTool,
  mkimapdcert: async () => (await import('./make-certificate-tool.js')).makeCertificateTool('imapd'),
  mkpop3dcert: async () => (await import('./make-certificate-tool.js')).makeCertificateTool('pop3d'),
  pop3d: async () => (await import('./service-control-tool.js')).serviceControlTool('pop3d'),
  'pop3d-ssl': async () => (await import('./service-control-tool.js')).serviceControlTool('pop3d-ssl'),
  pw2userdb: async () => (await import('./pw2userdb-tool.js')).pw2userdbTool,
  sysconftool: async () => (await import('./sysconftool-tool.js')).sysconftoolTool,
  userdb: async () => (await import('./userdb-tool.js')).userdbTool,
  'userdb-test-cram-md5': async () => (await import('./userdb-test-cram-md5-tool.js')).userdbTestCramMd5Tool,
  userdbpw: async () => (await import('./userdbpw-tool.js')).userdbpwTool,
  vchkpw2userdb: async () => (await import('./vchkpw2userdb-tool.js')).vchkpw2userdbTool,
}
