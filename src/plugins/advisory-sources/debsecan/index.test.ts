import { describe, expect, it } from 'vitest';
import { claimsIn, contractTests, quarantinedIn, readAll } from '../testkit.ts';
import { debsecan, releaseOfFile } from './index.ts';

const NAMES = 'VERSION 1\nCVE-2024-11612,,7-Zip hangs\nCVE-2023-45853,,\nTEMP-0628843-DBAD28,,shadow, an old one\n\n';
const BINARIES = '\n7zip,7zip p7zip\n\n';
const CONTENT = `${NAMES}7zip,0,S  F,22.01+dfsg-8+deb12u1,\nzlib,1,SH  ,,\nlogin,2,BL F,1:4.13+dfsg1-1,\nglibc,0,SM F,2.40-1,2.36-9+deb12u7 2.31-13+deb11u10\n${BINARIES}`;

contractTests(debsecan, { fileName: 'bookworm', content: CONTENT });

describe('debsecan', () => {
  it('tells the binary packages of a source to whoever asks', () => {
    const told: unknown[] = [];
    const reader = debsecan.reader({
      fileName: 'bookworm',
      today: '2026-11-22',
      releases: null,
      packages: new Set(),
      binaries: (release, sourceName, names) => told.push([release, sourceName, names]),
    });
    reader.push(Buffer.from(CONTENT));
    reader.end();
    expect(told).toEqual([['debian:12', '7zip', ['7zip', 'p7zip']]]);
  });

  it('reads source and binary rows, urgencies and the versions that are not affected', () => {
    const claims = claimsIn(readAll(debsecan, 'debsecan-bookworm.zlib', CONTENT));
    expect(claims).toMatchObject([
      {
        vulnerabilityId: 'CVE-2024-11612',
        packageName: '7zip',
        release: 'debian:12',
        state: 'fixed',
        fixedVersion: '22.01+dfsg-8+deb12u1',
        note: '7-Zip hangs',
        severity: null,
      },
      { vulnerabilityId: 'CVE-2023-45853', packageName: 'zlib', state: 'open', fixedVersion: null, severity: 'high' },
      { vulnerabilityId: 'TEMP-0628843-DBAD28', packageName: 'login', packageKind: 'binary', severity: 'low', note: 'shadow, an old one' },
      { vulnerabilityId: 'CVE-2024-11612', packageName: 'glibc', unaffectedVersions: ['2.36-9+deb12u7', '2.31-13+deb11u10'] },
    ]);
    expect(claims[0]).not.toHaveProperty('packageKind');
  });

  it('takes the release from the name, and says so when there is none', () => {
    expect(releaseOfFile('/x/release/1/trixie')).toBe('debian:13');
    expect(releaseOfFile('debsecan-bookworm.zlib')).toBe('debian:12');
    expect(() => debsecan.reader({ fileName: 'GENERIC', today: '2026-11-22', releases: null, packages: null })).toThrow(
      /holds no Debian codename/,
    );
  });

  it('puts aside statements that refer to nothing or cannot be read', () => {
    const items = readAll(
      debsecan,
      'bookworm',
      `${NAMES}7zip,9,S  F,1,\nzlib,x,S   ,,\nbad,0,Z   ,,\nworse\nxz,0,S  F,1 2,\nok,0,S   ,,\n${BINARIES}`,
    );
    expect(claimsIn(items).map(claim => claim.packageName)).toEqual(['ok']);
    expect(quarantinedIn(items)).toHaveLength(5);
  });

  it('tells a cut file by its missing blocks', () => {
    expect(() => readAll(debsecan, 'bookworm', CONTENT.slice(0, CONTENT.indexOf('glibc')))).toThrow(
      expect.objectContaining({ code: 'feed-truncated' }),
    );
  });
});
