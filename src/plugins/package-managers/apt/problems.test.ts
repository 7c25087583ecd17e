import { describe, expect, it } from 'vitest';
import { problemOf } from './problems.ts';

/** What apt 2.6 and dpkg 1.21 said on real hosts under these faults. */
const SAID: readonly (readonly [what: string, text: string, expected: string])[] = [
  [
    'lock held',
    'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 317 (python3)\nE: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?',
    'package-manager-locked:lock',
  ],
  ['dpkg killed', 'E: Sub-process /usr/bin/dpkg received signal 9.\nE: Some more', 'interrupted:dpkg-killed'],
  ['dpkg gone', 'E: Sub-process dpkg exited unexpectedly', 'interrupted:dpkg-killed'],
  ['dpkg locked', 'dpkg: error: dpkg frontend lock was locked by another process with pid 512', 'package-manager-locked:lock'],
  [
    '404',
    'Err:1 http://10.77.0.1:3142/x y/main amd64 rsync amd64 3.5.0\n  404  Not Found [IP: 10.77.0.1 3142]\nE: Failed to fetch http://10.77.0.1:3142/x/rsync_3.5.0.deb  404  Not Found [IP: 10.77.0.1 3142]\nE: Some files failed to download',
    'repository-unavailable:fetch:404',
  ],
  ['503', 'E: Failed to fetch http://m/rsync.deb  503  Service Unavailable [IP: 10.77.0.1 3142]', 'repository-unavailable:fetch:503'],
  [
    'corrupt',
    'E: Failed to fetch http://m/rsync.deb  Hash Sum mismatch\n   Hashes of expected file:\n    - SHA256:aa\nE: Some files failed to download',
    'digest-mismatch:hash',
  ],
  [
    'cut off',
    'E: Failed to fetch http://m/rsync.deb  Error reading from server. Remote end closed connection [IP: 10.77.0.1 3142]',
    'repository-unavailable:fetch',
  ],
  ['InRelease gone', "E: The repository 'http://m bookworm-security Release' is no longer signed.", 'repository-unavailable:signature'],
  [
    'clock skew',
    'E: Release file for http://m/InRelease is not valid yet (invalid for another 399d 22h 1min 4s). Updates for this repository will not be applied.',
    'repository-unavailable:signature',
  ],
  [
    'update warned',
    'W: Failed to fetch http://m/InRelease  Connection failed\nW: Some index files failed to download. They have been ignored, or old ones used instead.',
    'repository-unavailable:fetch',
  ],
  ['disk full', "E: You don't have enough free space in /var/cache/apt/archives/.", 'disk-space:space'],
  [
    'postinst',
    'lab-broken: cannot migrate data\ndpkg: error processing package lab-broken (--configure):\n installed lab-broken package post-installation script subprocess returned error exit status 1\nE: Sub-process /usr/bin/dpkg returned an error code (1)',
    'install-failed:lab-broken:post-installation:1',
  ],
  ['held', 'E: Held packages were changed and -y was used without --allow-change-held-packages.', 'held:held'],
  [
    'interrupted',
    "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.",
    'package-database-broken:database',
  ],
  [
    'archive gone',
    "E: The package perl-base needs to be reinstalled, but I can't find an archive for it.",
    'package-database-broken:database',
  ],
  ['version gone', "E: Version '9.9' for 'openssl' was not found", 'transaction-differs:not-offered'],
  ['no such package', 'E: Unable to locate package nosuch', 'transaction-differs:not-offered'],
  ['would remove', 'E: Packages need to be removed but remove is disabled.', 'transaction-differs:guard'],
  [
    'conflict',
    'The following packages have unmet dependencies:\n lab-conflict : Conflicts: lab-held but 1.0 is to be installed\nE: Unable to correct problems, you have held broken packages.',
    'dependency-conflict:dependencies',
  ],
];

describe('what the tools say', () => {
  it.each(SAID)('%s', (_, text, signature) => {
    const problem = problemOf(text);
    expect(problem?.signature).toBe(signature);
    expect(problem?.class).toBe(signature.split(':')[0]);
    expect(problem?.message.length).toBeGreaterThan(10);
  });
  it('is silent about a run that went well', () => {
    expect(problemOf('Reading package lists...\nUnpacking lab-hello (1.2) over (1.0) ...\nSetting up lab-hello (1.2) ...\n')).toBeNull();
  });
  it('names the same cause on two hosts alike', () => {
    const on = (pid: number) =>
      problemOf(`E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process ${pid} (apt-get)`)?.signature;
    expect(on(1)).toBe(on(2));
  });
  it('keeps messages short, however much was printed', () => {
    expect(problemOf(`${'x'.repeat(1_000_000)}\nE: Unable to locate package ${'y'.repeat(100_000)}`)!.message.length).toBeLessThanOrEqual(
      2000,
    );
  });
});
