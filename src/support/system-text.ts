import {errnoOf} from './fault.js'

const TEXTS: Record<string, string> = {
  EACCES: 'Permission denied',
  EPERM: 'Operation not permitted',
  EEXIST: 'File exists',
  ENOTEMPTY: 'Directory not empty',
  EINVAL: 'Invalid argument',
  ENOENT: 'No such file or directory',
  ENOTDIR: 'Not a directory',
  EISDIR: 'Is a directory',
  ELOOP: 'Too many levels of symbolic links',
  ENAMETOOLONG: 'File name too long',
  ENOSPC: 'No space left on device',
  EROFS: 'Read-only file system',
  EDQUOT: 'Disk quota exceeded',
  EIO: 'Input/output error',
  EMFILE: 'Too many open files',
  ECONNREFUSED: 'Connection refused',
  ETIMEDOUT: 'Connection timed out',
  EXDEV: 'Invalid cross-device link',
}

/** A failed system call in the words of strerror(3), as the original programs print it; other errors by their message. */
export function systemText(error: unknown): string {
  const code = errnoOf(error)
  return (code && TEXTS[code]) || (error instanceof Error ? error.message : String(error))
}
