import { describe, expect, it } from 'vitest';
import {
  nextResiduals,
  type ReplacedPackage,
  type ResidualFacts,
  type ResidualVersion,
  stalePackagesOf,
  unexplained,
} from './residuals.ts';

const DAY = 86_400_000;
const old: ReplacedPackage = {
  name: 'libssl3',
  arch: 'amd64',
  version: '3.0.20-1',
  sourceName: 'openssl',
  sourceVersion: '3.0.20-1',
  sinceMs: 1 * DAY,
};
const mapped: ResidualFacts = { stalePackages: new Set(['libssl3']), runningKernel: '6.1.0-50-amd64', bootedAtMs: 0 };
const free: ResidualFacts = { ...mapped, stalePackages: new Set() };
const residual: ResidualVersion = {
  packageName: 'libssl3',
  sourceName: 'openssl',
  sourceVersion: '3.0.20-1',
  until: 'restart',
  sinceMs: 1 * DAY,
  replacedMs: 10 * DAY,
};

describe('nextResiduals', () => {
  it.each<[string, readonly ResidualVersion[], readonly ReplacedPackage[], ResidualFacts, readonly ResidualVersion[]]>([
    ['an upgrade whose old files are still mapped', [], [old], mapped, [residual]],
    ['an upgrade whose services were restarted at once', [], [old], free, []],
    ['still mapped at the next report', [residual], [], mapped, [residual]],
    ['the service was restarted', [residual], [], free, []],
    ['processes could not be read: nothing ends', [residual], [], { ...mapped, stalePackages: null }, [residual]],
    ['another package is mapped', [residual], [], { ...mapped, stalePackages: new Set(['libc6']) }, []],
    ['the host was booted after the upgrade', [residual], [], { ...mapped, bootedAtMs: 11 * DAY }, []],
    ['a boot before the upgrade ends nothing', [residual], [], { ...mapped, bootedAtMs: 9 * DAY }, [residual]],
  ])('%s', (_name, before, replaced, facts, after) => {
    expect(nextResiduals(before, replaced, facts, 10 * DAY)).toEqual(after);
  });

  it('keeps both versions when a second upgrade comes before the restart', () => {
    const second = { ...old, version: '3.0.21-1', sourceVersion: '3.0.21-1', sinceMs: 10 * DAY };
    expect(nextResiduals([residual], [second], mapped, 12 * DAY).map(r => r.sourceVersion)).toEqual(['3.0.20-1', '3.0.21-1']);
  });

  it('keeps the running kernel whose image was replaced in place until the next boot', () => {
    const image: ReplacedPackage = {
      name: 'linux-image-6.1.0-50-amd64',
      arch: 'amd64',
      version: '6.1.176-1',
      sourceName: 'linux-signed-amd64',
      sourceVersion: '6.1.176+1',
      sinceMs: 1 * DAY,
    };
    const after = nextResiduals([], [image], free, 10 * DAY);
    expect(after).toMatchObject([{ until: 'reboot', sourceVersion: '6.1.176+1' }]);
    expect(nextResiduals(after, [], free, 11 * DAY)).toEqual(after);
    expect(nextResiduals(after, [], { ...free, bootedAtMs: 11 * DAY }, 12 * DAY)).toEqual([]);
    expect(nextResiduals([], [{ ...image, name: 'linux-image-6.1.0-49-amd64' }], free, 10 * DAY)).toEqual([]);
  });
});

describe('unexplained', () => {
  it('names what is mapped and has no residual', () => {
    expect(unexplained([residual], { ...mapped, stalePackages: new Set(['libssl3', 'libc6']) })).toEqual(['libc6']);
    expect(unexplained([], { ...mapped, stalePackages: null })).toEqual([]);
  });
});

describe('stalePackagesOf', () => {
  it('tells "none" from "not read" and passes over files of no package', () => {
    expect(stalePackagesOf(null)).toBeNull();
    const process = {
      pid: 1,
      command: 'nginx',
      unit: 'nginx.service',
      files: [
        { path: '/usr/lib/libssl.so.3', packageName: 'libssl3' },
        { path: '/tmp/x', packageName: null },
      ],
    };
    expect([...stalePackagesOf([process])!]).toEqual(['libssl3']);
  });
});
