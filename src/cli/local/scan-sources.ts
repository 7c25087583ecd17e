import { packageKindOfRelease } from '../../core/advisories/releases.ts';
import { kernelReleaseOf } from '../../core/findings/kernels.ts';
import type { ListedPackage } from '../../plugins/importers/spec.ts';
import type { ScannedHost } from './scan-hosts.ts';

/** True when a package is listed by its binary name alone, and advisories speak of sources. */
export function lacksSource(one: ListedPackage, release: string): boolean {
  return !one.sourceKnown && packageKindOfRelease(release) === 'source';
}

export function lacksSources({ packages, release }: ScannedHost): boolean {
  return packages.some(one => lacksSource(one, one.release ?? release));
}

/**
 * Puts in the source packages that a list leaves out, where a feed names them (debsecan's does). The source's version is then the binary's own, which is
 * the same but for rebuilds (`+b1`, deb-version(7)) and a few packages that count for themselves. Fleets share packages: each is looked up once.
 */
export class SourceNames {
  readonly #names: ReadonlyMap<string, string>;
  readonly #found = new Map<ListedPackage, { readonly release: string; readonly found: ListedPackage }>();

  constructor(names: ReadonlyMap<string, string>) {
    this.#names = names;
  }

  withSources(host: ScannedHost): ScannedHost & { readonly sourcesPutIn: number } {
    if (!lacksSources(host)) return { ...host, sourcesPutIn: 0 };
    let sourcesPutIn = 0;
    const packages = host.packages.map(one => {
      const release = one.release ?? host.release;
      const known = lacksSource(one, release) ? this.#withSource(one, release) : one;
      if (known !== one) sourcesPutIn++;
      return known;
    });
    return { ...host, packages, sourcesPutIn };
  }

  #withSource(one: ListedPackage, release: string): ListedPackage {
    const known = this.#found.get(one);
    if (known?.release === release) return known.found;
    const sourceName = this.#names.get(`${release}\n${one.name}`) ?? kernelSource(one, release);
    const found = sourceName === null ? one : { ...one, sourceName, sourceVersion: one.version.replace(/\+b\d+$/, ''), sourceKnown: true };
    this.#found.set(one, { release, found });
    return found;
  }
}

/** A feed names the kernels of the day; those on disk are older. */
function kernelSource(one: ListedPackage, release: string): string | null {
  return release.startsWith('debian:') && kernelReleaseOf(one.name, one.version, one.arch) !== null ? 'linux' : null;
}
