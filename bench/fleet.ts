import { indexClaims } from '../src/core/advisories/claim-index.ts';
import { packIds } from '../src/core/inventory/id-set.ts';
import { DAY_MS } from '../src/core/kernel/instants.ts';
import { Fleet } from '../src/core/remediation/fleet.ts';
import { syntheticFleet } from './synthetic/fleet.ts';

const HOSTS = Number(process.env.FETTLE_BENCH_FLEET_HOSTS ?? 100_000);
const NOW = Date.parse('2026-11-22T00:00:00Z');

/** CPU time of this process beside the wall clock: on a busy machine they differ. */
function timed<T>(work: () => T): { readonly ms: number; readonly cpuMs: number; readonly value: T } {
  const started = performance.now();
  const cpu = process.cpuUsage();
  const value = work();
  const { user, system } = process.cpuUsage(cpu);
  return { ms: performance.now() - started, cpuMs: (user + system) / 1_000, value };
}

const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
function memory(): string {
  globalThis.gc?.();
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  return `RSS ${mb(rss)} (heap ${mb(heapUsed)}, arrays ${mb(arrayBuffers)})`;
}
const median = (list: number[]) => list.toSorted((a, b) => a - b)[list.length >> 1]!;

const synthetic = syntheticFleet();
console.log(
  `${HOSTS} hosts; ${synthetic.basis}: ${synthetic.versions.length} package versions, ${synthetic.claims.length} claims; ${memory()}`,
);

const fleet = new Fleet();
for (const version of synthetic.versions) fleet.addVersion(version);
for (const candidate of synthetic.candidates) fleet.addCandidate(candidate);
let packages = 0;
let makeMs = 0;
const load = timed(() => {
  for (let number = 0; number < HOSTS; number++) {
    const started = performance.now();
    const host = synthetic.host(number);
    packages += host.packageIds.length;
    const packed = packIds(host.packageIds);
    makeMs += performance.now() - started;
    fleet.putHost(
      {
        id: `host_${number}`,
        release: 'debian:12',
        exposure: host.exposure,
        criticality: host.criticality,
        enrolledMs: NOW - 400 * DAY_MS,
        packagesKey: `${number}`,
        candidatesKey: `${number}`,
        residuals: [],
        runningKernel: host.runningKernel,
      },
      { packages: () => packed, candidateIds: () => host.candidateIds, since: host.since },
    );
  }
});
const index = timed(() => fleet.inventory.index());
console.log(
  `loaded: ${(packages / HOSTS).toFixed(0)} packages a host, all sets distinct; put ${(load.ms - makeMs).toFixed(0)} ms, both directions indexed in ${index.ms.toFixed(0)} ms (CPU ${index.cpuMs.toFixed(0)} ms); ${memory()}`,
);

const claims = timed(() => indexClaims(synthetic.claims));
fleet.loadClaims(claims.value, () => null);
const first = timed(() => fleet.refresh(NOW));
console.log(`first assessment of all hosts: ${first.ms.toFixed(0)} ms (claims indexed in ${claims.ms.toFixed(0)} ms); ${memory()}`);

for (let round = 0; round < 3; round++) {
  fleet.loadClaims(indexClaims(synthetic.claims), () => null);
  const matching = timed(() => fleet.matcher.matchAll());
  const all = timed(() => fleet.refresh(NOW));
  console.log(
    `full rematch: ${fleet.units.units.length} distinct (source, version) -> ${matching.value} pairs in ${matching.ms.toFixed(1)} ms; numbers of all hosts and patches ${all.ms.toFixed(0)} ms (CPU ${all.cpuMs.toFixed(0)} ms); together ${(matching.ms + all.ms).toFixed(0)} ms`,
  );
}
let findings = 0;
for (const slot of fleet.slots()) findings += fleet.assessment(slot, NOW).byState.reduce((sum, count) => sum + count, 0);
console.log(`${findings.toLocaleString('en')} findings (host, vulnerability), ${[...fleet.queue.patches()].length} patches; ${memory()}`);

// An advisory for one package: what is new of it, then the same one with another fixed version; the answer is the hosts, exactly.
const RELEASE = 'debian:12';
const named = fleet.units.sources
  .filter(({ units }) => new Set(units.map(unit => unit.version)).size >= 3)
  .map(source => ({ source, hosts: fleet.inventory.hostsOfAny(source.units.flatMap(unit => unit.versionIds)).length }))
  .sort((a, b) => b.hosts - a.hosts);
for (const { source, hosts } of [named[0]!, named[named.length >> 1]!, named.at(-1)!]) {
  const key = { release: RELEASE, kind: 'source', name: source.name } as const;
  const before = synthetic.claims.filter(claim => claim.packageName === source.name);
  const times: { all: number[]; cpu: number[]; refresh: number[] } = { all: [], cpu: [], refresh: [] };
  let found = 0;
  for (const fixedVersion of source.units.map(unit => unit.version).slice(0, 9)) {
    const claim = {
      ...synthetic.claims[0]!,
      vulnerabilityId: 'CVE-2099-1000',
      packageName: source.name,
      state: 'fixed' as const,
      fixedVersion,
    };
    const change = timed(() => {
      fleet.setClaims(key, [...before, claim]);
      return fleet.hostsWith(key, 'CVE-2099-1000');
    });
    found = Math.max(found, change.value.length);
    times.all.push(change.ms);
    times.cpu.push(change.cpuMs);
    times.refresh.push(timed(() => fleet.refresh(NOW)).ms);
  }
  fleet.setClaims(key, before);
  fleet.refresh(NOW);
  console.log(
    `an advisory for ${source.name} (on ${hosts.toLocaleString('en')} hosts) changes: up to ${found.toLocaleString('en')} hosts named after ${median(times.all).toFixed(2)} ms (CPU ${median(times.cpu).toFixed(2)} ms); the numbers of all that have the package ${median(times.refresh).toFixed(0)} ms later`,
  );
}

// A host of which nothing was ever seen: 750 packages in versions of its own, with everything that publishers say of them.
const template = synthetic.host(0);
const newHost = Array.from(template.packageIds, (id, at) => {
  const version = synthetic.versions[id - 1]!;
  return {
    ...version,
    id: synthetic.versions.length + at + 1,
    version: `${version.version}~own`,
    sourceVersion: `${version.sourceVersion}~own`,
  };
});
{
  const added = timed(() => {
    for (const version of newHost) fleet.addVersion(version);
    const { slot } = fleet.putHost(
      {
        id: 'new',
        release: RELEASE,
        exposure: 'unknown',
        criticality: 'unset',
        enrolledMs: NOW,
        packagesKey: 'new',
        candidatesKey: null,
        residuals: [],
        runningKernel: null,
      },
      { packages: () => packIds(newHost.map(version => version.id)), candidateIds: () => [], since: new Uint32Array(0) },
    );
    return fleet.assessment(slot, NOW);
  });
  console.log(
    `one new host, ${newHost.length} package versions never seen: matched in ${added.ms.toFixed(1)} ms (CPU ${added.cpuMs.toFixed(1)} ms), ${added.value.byState.reduce((sum, count) => sum + count, 0)} findings`,
  );
}
