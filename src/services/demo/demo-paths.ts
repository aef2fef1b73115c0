import {join} from 'node:path'

/** What lies where in the folder of a demo. */
export function demoPaths(folder: string) {
  const configuration = join(folder, 'etc')
  return {
    folder,
    configuration,
    /** Certificate and key. */
    certificate: join(configuration, 'imapd.pem'),
    /** The certificate alone, for clients. */
    publicCertificate: join(folder, 'certificate.pem'),
    userdb: join(configuration, 'userdb'),
    /** The passwords in clear: this is a demo. */
    passwords: join(folder, 'passwords.txt'),
    lock: join(folder, 'lock'),
    /** For the socket of `courier who` and its like. */
    run: join(folder, 'run'),
    home: (name: string) => join(folder, 'home', name),
  } as const
}

export type DemoPaths = ReturnType<typeof demoPaths>
