/**
 * Whether this is a long run (`npm run test:long`): tests take longer histories, more rounds and more messages then. It runs only the
 * files that import this one.
 */
export const isLong = process.env.COURIER_LONG === '1'
