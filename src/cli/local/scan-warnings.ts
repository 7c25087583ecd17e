import { CPE_RELEASE } from '../../core/advisories/releases.ts';
import { counted } from '../../core/kernel/words.ts';
import type { ListedPackage } from '../../plugins/importers/spec.ts';
import type { ScannedHost } from './scan-hosts.ts';
import { kernelsOf } from './scan-kernels.ts';
import type { Lookups } from './scan-lookup.ts';
import { lacksSource } from './scan-sources.ts';

/** What the answer about a host leaves out, in sentences: a finding that is missing for one of these reasons must not look like none. */
export function warningsAbout(host: ScannedHost, sourcesPutIn: number, lookups: Lookups): readonly string[] {
  const releaseOf = (one: ListedPackage) => one.release ?? host.release;
  const looked: ListedPackage[] = [];
  const unknown = new Map<string, number>();
  let byCpe = 0;
  for (const one of host.packages) {
    const lookup = lookups.of(one, host);
    if (lookup === 'name') looked.push(one);
    else if (lookup === 'cpe') byCpe++;
    else unknown.set(releaseOf(one), (unknown.get(releaseOf(one)) ?? 0) + 1);
  }
  const unsourced = looked.filter(one => lacksSource(one, releaseOf(one))).length;
  // Of this machine's own packages it was said before, with names.
  const foreign = host.origin === 'local' ? 0 : looked.filter(one => !one.originTrusted).length;
  return [
    sourcesPutIn > 0 &&
      `${counted(sourcesPutIn, 'package is', 'packages are')} listed without source package and looked up by the one that a feed names; the columns source and source_version are exact`,
    unsourced > 0 &&
      `${counted(unsourced, 'package is', 'packages are')} listed without source package and looked up by the name of the binary, which finds less; add the columns source and source_version`,
    foreign > 0 && `packages of third parties: ${foreign}, not looked up, because the distribution's statements are not about them`,
    byCpe > 0 &&
      `${counted(byCpe, 'package is', 'packages are')} looked up by the CPE that the list states, because no feed speaks of ${byCpe === 1 ? 'it' : 'them'} by name: what is found so has low confidence`,
    uncovered(unknown),
    host.kernelRelease !== null &&
      !holdsRunningKernel(host) &&
      `no package of the list holds the running kernel ${host.kernelRelease}: nothing is said of that kernel, and those of the list count as not running`,
  ].filter(text => text !== false);
}

/** A list of several ecosystems (an SBOM) of which the feeds know some. */
function uncovered(counts: ReadonlyMap<string, number>): string | false {
  if (counts.size === 0) return false;
  const releases = Array.from(
    counts,
    ([release, count]) => `${release === CPE_RELEASE ? 'packages that have no name but a CPE' : release} (packages: ${count})`,
  );
  return `no feed speaks of ${releases.join(', ')}: not looked up, which is not "nothing vulnerable"`;
}

/** A list without any kernel is a container's, or of what was installed by hand: nothing is missing from it. */
function holdsRunningKernel(host: ScannedHost): boolean {
  const kernels = kernelsOf(host);
  return kernels.length === 0 || kernels.some(({ release }) => release === host.kernelRelease);
}
