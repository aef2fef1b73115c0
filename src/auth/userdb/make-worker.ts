/** A thread that compiles the userdb: that blocks. Made by `UserdbMaker`. */
import {parentPort, workerData} from 'node:worker_threads'
import {loadTryLock} from '../native.js'
import {makeUserdb} from './make.js'

export interface MakeOrder {
  readonly source: string
  readonly generation: string
}

const {source, generation} = workerData as MakeOrder
parentPort?.postMessage(await makeUserdb({source, generation, tryLock: loadTryLock(), progress: () => undefined}))
