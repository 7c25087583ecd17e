import { describe, expect, it } from 'vitest';
import { deb } from './deb.ts';
import { rebuiltFrom } from './rebuilds.ts';
import { compareVersions } from './scheme.ts';

describe('rebuiltFrom', () => {
  it.each([
    ['590-2.1~deb12u2', '590-2.1'],
    ['5:7.0.15-1~deb12u10', '5:7.0.15-1'],
    ['2.9.14+dfsg-1.3~deb12u6', '2.9.14+dfsg-1.3'],
    ['1.2-1~bpo12+1', '1.2-1'],
    ['1.2-3ubuntu1~22.04.1', '1.2-3ubuntu1'],
    ['2023.11-1~ubuntu22.04.1', '2023.11-1'],
  ])('%s is %s built again, and lower', (version, base) => {
    expect(rebuiltFrom(version)).toBe(base);
    expect(compareVersions(deb, version, base)).toBe(-1);
  });
  it.each(['590-2.1', '1.2-1~rc1', '1.2~beta2-1', '1.2-1+deb12u3', '1.2-1~exp1', '~deb12u1', '1.2-1~deb12u1+b1'])(
    '%s is no rebuild by its name',
    version => {
      expect(rebuiltFrom(version)).toBeNull();
    },
  );
});
