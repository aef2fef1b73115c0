import type {StatsFs} from 'node:fs'

/** `f_type` of ext4, XFS and Btrfs. */
const STAMPING_TYPES = new Set([0xef53, 0x58465342, 0x9123683e])
/** The first Linux that has multigrain time stamps. */
const [MAJOR, MINOR] = [6, 13]

/**
 * Each change of a directory that somebody has looked at since the last one gets a time stamp of its own: the kernel
 * (`release`, as `uname -r` says) does not round them to its clock's steps there.
 */
export function stampsEachChange({type}: Pick<StatsFs, 'type'>, release: string): boolean {
  const [major = 0, minor = 0] = release.split('.').map((part) => Number.parseInt(part, 10))
  return (major > MAJOR || (major === MAJOR && minor >= MINOR)) && STAMPING_TYPES.has(type)
}
