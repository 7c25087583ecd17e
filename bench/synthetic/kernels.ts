import type { PackageVersion } from '../../src/core/findings/fleet-units.ts';
import type { Candidate } from '../../src/core/remediation/offers.ts';
import type { SourceHistory, SyntheticHost } from './fleet.ts';
import { randomOf } from './random.ts';

const DAY_SECONDS = 86_400;

/** An image for each version of the kernel, and the metapackage that brings the newest one. */
interface Kernel {
  readonly release: string;
  readonly imageId: number;
  readonly metaId: number;
  readonly atSeconds: number;
}

interface Kernels {
  readonly rising: readonly Kernel[];
  readonly candidateId: number;
}

/** Appended, so that all other ids stay as they are. Debian signs an image in a source of its own, whose version has a `+` for the last `-`. */
export function kernelsIn(history: SourceHistory['versions'], versions: PackageVersion[], candidates: Candidate[]): Kernels {
  const sourceName = 'linux-signed-amd64';
  const add = (name: string, version: string, sourceVersion: string) =>
    versions.push({ id: versions.length + 1, name, arch: 'amd64', version, sourceName, sourceVersion });
  const rising = history.map(({ version, atSeconds }, at): Kernel => {
    const release = `6.1.0-${at + 10}-amd64`;
    const sourceVersion = version.replace(/-(?=[^-]*$)/, '+');
    const imageId = add(`linux-image-${release}`, version, sourceVersion);
    return { release, imageId, metaId: add('linux-image-amd64', version, sourceVersion), atSeconds };
  });
  const candidateId = candidates.length + 1;
  candidates.push({
    id: candidateId,
    version: versions[rising.at(-1)!.metaId - 1]!,
    origins: ['Debian-Security:12/oldstable-security'],
    security: true,
    availability: 'offered',
  });
  return { rising, candidateId };
}

/** The kernel of the day on which the host was patched last, and the one before it; one host in seven has not booted since. */
export function withKernel(
  { patchedAt, ...host }: Omit<SyntheticHost, 'runningKernel'> & { readonly patchedAt: number },
  number: number,
  { rising, candidateId }: Kernels,
): SyntheticHost {
  const random = randomOf(number + 7_000_000);
  const level = Math.max(
    0,
    rising.findLastIndex(({ atSeconds }) => atSeconds <= patchedAt),
  );
  const installed = rising.slice(Math.max(0, level - 1), level + 1);
  const newest = installed.at(-1)!;
  const came = installed.flatMap(({ imageId, atSeconds }) => [imageId, Math.floor(atSeconds + random() * 20 * DAY_SECONDS)]);
  return {
    ...host,
    packageIds: Uint32Array.from([...host.packageIds, ...installed.map(({ imageId }) => imageId), newest.metaId]).sort(),
    candidateIds: level < rising.length - 1 ? Uint32Array.from([...host.candidateIds, candidateId]) : host.candidateIds,
    since: Uint32Array.from([...host.since, ...came]),
    runningKernel: (random() < 1 / 7 ? installed[0]! : newest).release,
  };
}
