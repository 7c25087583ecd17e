/** Which of the host's file systems the copy is made of. */
export interface CopiedMount {
  /** `overlay`: below a writable layer. `copy`: small file systems that cannot lie below one (FAT of an EFI partition). */
  readonly how: 'overlay' | 'copy';
  readonly path: string;
  readonly type: string;
}

/** Kept by the kernel or by somebody else: the copy gets its own, or none. */
const NOT_COPIED = ['/proc', '/sys', '/dev', '/run', '/tmp', '/home', '/mnt', '/media', '/srv', '/snap'];
/** Stores of other systems below /var, each with mounts of its own by the hundred. */
const STORES = [
  '/var/lib/docker',
  '/var/lib/containers',
  '/var/lib/containerd',
  '/var/lib/kubelet',
  '/var/lib/lxcfs',
  '/var/lib/lxc',
  '/var/snap',
];
/** On local disks, and known to work below an overlay. NFS and the like are left out: their mount points are empty in the copy. */
const BELOW_OVERLAY: ReadonlySet<string> = new Set([
  'ext2',
  'ext3',
  'ext4',
  'xfs',
  'btrfs',
  'f2fs',
  'jfs',
  'reiserfs',
  'zfs',
  'bcachefs',
  'overlay',
  'erofs',
  'squashfs',
]);
const SMALL: ReadonlySet<string> = new Set(['vfat', 'msdos', 'exfat']);
const MOUNTS_MAX = 16;

/** /proc/self/mountinfo (proc(5)): `ID PARENT MAJ:MIN ROOT POINT OPTIONS TAGS... - TYPE SOURCE SUPER`. Parents come before children. */
export function copiedMounts(
  mountinfo: string,
): { readonly ok: true; readonly mounts: readonly CopiedMount[] } | { readonly ok: false; readonly problem: string } {
  const byPath = new Map<string, CopiedMount>();
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const path = unescaped(before.split(' ')[4] ?? '');
    const type = after.split(' ')[0] ?? '';
    if (path === '') continue;
    if (path === '/') byPath.set(path, { how: 'overlay', path, type });
    else if (!within(path, NOT_COPIED) && !within(path, STORES)) {
      if (BELOW_OVERLAY.has(type)) byPath.set(path, { how: 'overlay', path, type });
      else if (SMALL.has(type)) byPath.set(path, { how: 'copy', path, type });
    }
  }
  const mounts = [...byPath.values()];
  if (!byPath.has('/')) return { ok: false, problem: 'the root file system of this host could not be found' };
  if (mounts.length > MOUNTS_MAX)
    return { ok: false, problem: `this host has ${mounts.length} file systems, and at most ${MOUNTS_MAX} are copied` };
  // These characters separate the parts of overlay's own options.
  const odd = mounts.find(mount => /[,:\\"\s]/.test(mount.path));
  return odd === undefined
    ? { ok: true, mounts }
    : { ok: false, problem: `a file system is mounted at ${JSON.stringify(odd.path)}, which cannot be named to an overlay` };
}

function within(path: string, folders: readonly string[]): boolean {
  return folders.some(folder => path === folder || path.startsWith(`${folder}/`));
}

/** Blanks, tabs, line ends and backslashes are written in octal. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
