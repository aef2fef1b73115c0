/** Tells uvu, which looks when it is loaded, that suites wait for `exec`. Imported before anything that loads it. */
declare global {
  var UVU_DEFER: number | undefined
  var UVU_QUEUE: unknown[][] | undefined
}

globalThis.UVU_DEFER = 1
globalThis.UVU_QUEUE = [[null]]

export {}
