import type {StoreEnvironment} from './environment.js'

/** Files in `tmp/` older than this are left over from something that died (`spec/maildir.md` §2.7). */
const LEFT_OVER_MS = 36 * 3600 * 1000

/** Removes left-over files from a folder's `tmp/`. What cannot be removed stays. */
export async function purgeTemporary({files, nowMs}: StoreEnvironment, folder: string): Promise<void> {
  const tmp = `${folder}/tmp`
  const names = await files.list(tmp).catch(() => [])
  for (const name of names) {
    if (name.startsWith('.')) continue
    const facts = files.stat(`${tmp}/${name}`)
    if (facts?.kind === 'file' && nowMs() - Number(facts.ctimeNs / 1_000_000n) > LEFT_OVER_MS)
      await files.unlink(`${tmp}/${name}`).catch(() => false)
  }
}
