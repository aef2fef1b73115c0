import {join} from 'node:path'
import type {Log} from '../../log/log.js'
import {SaltKey} from './salt-key.js'
import {hmac, SCRAM_ITERATIONS, SCRAM_SALT_OCTETS, type ScramSecret} from './secret.js'
import {Shapes} from './shapes.js'

export interface DecoysOptions {
  /** Directory for state; undefined: decoys live as long as the process. */
  readonly directory: string | undefined
  readonly log: Log
  readonly random: (octets: number) => Buffer
}

/**
 * What SCRAM asks with for names that have no secret: nobody's, always the same for a name, and of a shape (iterations, length of
 * the salt) that secrets of accounts have here. Secrets of other programs have others than ours, and would tell themselves from
 * names without an account; a shape that was not seen yet still does, once.
 */
export class Decoys {
  readonly #key: SaltKey
  readonly #shapes: Shapes

  constructor({directory, log, random}: DecoysOptions) {
    this.#key = new SaltKey({directory, log, random})
    this.#shapes = new Shapes({path: directory === undefined ? undefined : join(directory, 'scram-shapes'), log})
  }

  /** An account has this secret. */
  saw({iterations, salt}: ScramSecret): void {
    this.#shapes.add({iterations, saltOctets: salt.length})
  }

  /** Never fails. */
  async secretFor(user: string): Promise<ScramSecret> {
    const [key, shapes] = await Promise.all([this.#key.get(), this.#shapes.all()])
    // The one with the highest digest: a new shape changes no more of the decoys than become such.
    const [{iterations, saltOctets} = DEFAULT] = shapes
      .map((shape) => ({...shape, rank: hmac(key, `${shape.iterations} ${shape.saltOctets} ${user}`).readUInt32BE()}))
      .sort((one, other) => other.rank - one.rank)
    return {iterations, salt: saltOf(key, user, saltOctets), storedKey: Buffer.alloc(32), serverKey: Buffer.alloc(32)}
  }
}

const DEFAULT = {iterations: SCRAM_ITERATIONS, saltOctets: SCRAM_SALT_OCTETS}

/** Salts may be longer than a digest. */
function saltOf(key: Buffer, user: string, octets: number): Buffer {
  const parts = [hmac(key, user)]
  while (parts.length * 32 < octets) parts.push(hmac(key, `${parts.length} ${user}`))
  return Buffer.concat(parts).subarray(0, octets)
}
