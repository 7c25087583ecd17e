import { describe, expect, it } from 'vitest';
import { deb } from '../versions/deb.ts';
import { compareVersions } from '../versions/scheme.ts';
import { type Archive, distributionArchives, isThirdParty, originOf, settledOrigin } from './package-origin.ts';

const debian: Archive = { origin: 'Debian', label: 'Debian', site: 'http://deb.debian.org/debian' };
const security: Archive = { origin: 'Debian', label: 'Debian-Security', site: 'http://deb.debian.org/debian-security' };
const nginx: Archive = { origin: 'nginx', label: 'nginx', site: 'https://nginx.org/packages/debian' };
const nameless: Archive = { origin: '', label: '', site: 'https://apt.example.org' };
const mirror: Archive = { origin: 'acme snapshot', label: 'acme', site: 'https://mirror.acme.example' };

const isOlder = (a: string, b: string) => (compareVersions(deb, a, b) as number) < 0;
const at = (version: string, ...archives: Archive[]) => ({ version, archives });
const origin = (installed: string, offered: ReturnType<typeof at>[], base: Archive[] = [debian]) =>
  originOf(
    installed,
    offered,
    distributionArchives(
      offered.flatMap(one => one.archives),
      base,
    ).union(distributionArchives(base, base)),
    isOlder,
  );

describe('where an installed version came from', () => {
  it('is told by the archive that has the very version', () => {
    expect(origin('1.22.1-9', [at('1.22.1-9', debian)])).toBe('');
    expect(origin('1.28.0-1~bookworm', [at('1.28.0-1~bookworm', nginx), at('1.22.1-9', debian)])).toBe('nginx');
    expect(origin('1.0', [at('1.0', nameless)])).toBe('https://apt.example.org');
  });
  it("is the distribution's where any of its archives has it", () =>
    expect(origin('1.22.1-9', [at('1.22.1-9', nginx, security)])).toBe(''));
  it('of a superseded version is still told while only the distribution has the package', () => {
    expect(origin('1.22.1-9', [at('1.22.1-9+deb12u1', security), at('1.22.1-9', debian)].slice(0, 1))).toBe('');
    expect(origin('1.22.1-9', [at('1.22.1-9+deb12u1', security), at('1.28.0-1', nginx)])).toBe('?');
  });
  it('stays unknown for what is newer than everything on offer, and for what nobody offers', () => {
    expect(origin('1.29.0-1', [at('1.22.1-9', debian)])).toBe('?');
    expect(origin('1.0', [])).toBe('?');
    expect(origin('1.0', [at('2.0', nginx)])).toBe('?');
  });
  it('a mirror under a name of its own is the distribution by its base-files', () => {
    expect(origin('1.22.1-9', [at('1.22.1-9', mirror)], [mirror])).toBe('');
    expect(origin('1.28.0', [at('1.28.0', nginx)], [mirror])).toBe('nginx');
  });
  it('without any archive of the distribution nobody is a third party', () =>
    expect(origin('1.28.0', [at('1.28.0', nginx)], [])).toBe('?'));
});

describe('what was told before', () => {
  it.each([
    ['?', 'nginx', 'nginx'],
    ['?', '', ''],
    ['?', undefined, '?'],
    ['-', 'nginx', 'nginx'],
    ['-', undefined, ''],
    ['', 'nginx', ''],
    ['nginx', '?', 'nginx'],
  ])('now %j, before %j: %j', (told, before, expected) => expect(settledOrigin(told, before)).toBe(expected));
  it('only a name is a third party', () =>
    expect(['', '?', '-', undefined, 'nginx'].map(isThirdParty)).toEqual([false, false, false, false, true]));
});
