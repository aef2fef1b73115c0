import {cramExchanges} from './cram.js'
import type {Exchange} from './exchange.js'
import {external} from './external.js'
import {oauthExchanges} from './oauth.js'
import {scram} from './scram.js'

/** Every mechanism that the auth role plays. */
export const exchanges: readonly Exchange[] = [external, scram, ...cramExchanges, ...oauthExchanges]
