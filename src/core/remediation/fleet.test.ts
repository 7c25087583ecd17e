import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Claim, Enrichment, FixState } from '../advisories/claim.ts';
import { indexClaims } from '../advisories/claim-index.ts';
import type { PackageVersion } from '../findings/fleet-units.ts';
import { matchPackage } from '../findings/match.ts';
import { packIds } from '../inventory/id-set.ts';
import { DAY_MS } from '../kernel/instants.ts';
import { deb } from '../versions/deb.ts';
import { compareVersions } from '../versions/scheme.ts';
import { DUE_BANDS, dueBand, FINDING_STATES } from './assessment.ts';
import { deadlineFor, dueAtMs } from './deadline.ts';
import { Fleet } from './fleet.ts';
import type { FleetHost } from './fleet-host.ts';
import type { Availability } from './offers.ts';

const RELEASES = ['debian:11', 'debian:12'];
const SOURCES = ['openssl', 'nginx', 'sudo', 'glibc'];
const VERSIONS = ['1.0-1', '1.0-1+deb12u1', '1.0-2', '1:0.9-1'];
const NOW = Date.parse('2026-11-22T00:00:00Z');
const BINARIES = SOURCES.flatMap(source => [source, `lib${source}`].map(name => ({ source, name })));

/** Version ids: binary b in version v has id 1 + b * 4 + v. Candidates: the same times four availabilities. */
const ALL_VERSIONS: PackageVersion[] = BINARIES.flatMap(({ source, name }, b) =>
  VERSIONS.map((version, v) => ({ id: 1 + b * 4 + v, name, arch: 'amd64', version, sourceName: source, sourceVersion: version })),
);
const AVAILABILITY: Availability[] = ['offered', 'held', 'kept-back', 'phased'];
/** An image for each version of VERSIONS, and a second one of the first. */
const KERNELS: PackageVersion[] = [...VERSIONS, VERSIONS[0]!].map((sourceVersion, k) => ({
  id: 1_000 + k,
  name: `linux-image-6.1.0-${k}-amd64`,
  arch: 'amd64',
  version: sourceVersion,
  sourceName: 'linux',
  sourceVersion,
}));

interface GeneratedHost {
  readonly release: string;
  readonly exposure: 'public' | 'local';
  /** Per binary: index of the installed version, -1 when absent. */
  readonly installed: readonly number[];
  /** Per source: target version and availability, null without an offer. */
  readonly offers: readonly ({ readonly version: number; readonly availability: number } | null)[] | null;
  readonly sinceDays: number;
  /** Per binary: days since it came when that is known to be another moment than the host's, else -1. */
  readonly cameDays: readonly number[];
  readonly kernels: readonly number[];
  /** Index into KERNELS, of one that it need not have; null: nobody knows. */
  readonly running: number | null;
  readonly kernelOffer: { readonly version: number; readonly availability: number } | null;
  /** Versions of SOURCES, and of linux after them, that only live in memory. */
  readonly residuals: readonly { readonly source: number; readonly version: number; readonly days: number }[];
}

const hostArbitrary: fc.Arbitrary<GeneratedHost> = fc.record({
  release: fc.constantFrom(...RELEASES),
  exposure: fc.constantFrom('public', 'local'),
  installed: fc.array(fc.integer({ min: -1, max: 3 }), { minLength: BINARIES.length, maxLength: BINARIES.length }),
  offers: fc.option(
    fc.array(
      fc.option(fc.record({ version: fc.integer({ min: 0, max: 3 }), availability: fc.integer({ min: 0, max: 3 }) }), { nil: null }),
      { minLength: 4, maxLength: 4 },
    ),
    { nil: null },
  ),
  sinceDays: fc.integer({ min: 0, max: 100 }),
  cameDays: fc.array(fc.integer({ min: -1, max: 60 }), { minLength: BINARIES.length, maxLength: BINARIES.length }),
  kernels: fc.constant([]),
  running: fc.constant(null),
  kernelOffer: fc.constant(null),
  residuals: fc.constant([]),
});

/** Hosts that the slow way below knows nothing of: with kernels, and with versions that only live in memory. */
const mixedHostArbitrary: fc.Arbitrary<GeneratedHost> = fc
  .tuple(
    hostArbitrary,
    fc.record({
      kernels: fc.uniqueArray(fc.integer({ min: 0, max: KERNELS.length - 1 })).map(list => list.sort()),
      running: fc.option(fc.integer({ min: 0, max: KERNELS.length - 1 })),
      kernelOffer: fc.option(fc.record({ version: fc.integer({ min: 0, max: 3 }), availability: fc.integer({ min: 0, max: 3 }) })),
      residuals: fc.array(
        fc.record({
          source: fc.integer({ min: 0, max: SOURCES.length }),
          version: fc.integer({ min: 0, max: 3 }),
          days: fc.integer({ min: 0, max: 90 }),
        }),
        { maxLength: 3 },
      ),
    }),
  )
  .map(([host, mixed]) => ({ ...host, ...mixed }));

const claimArbitrary: fc.Arbitrary<Claim> = fc
  .record({
    release: fc.constantFrom(...RELEASES),
    packageName: fc.constantFrom(...SOURCES, 'linux'),
    vulnerability: fc.integer({ min: 1, max: 12 }),
    state: fc.constantFrom<FixState>('fixed', 'fixed', 'fixed', 'open', 'deferred', 'wont-fix', 'not-affected', 'unknown'),
    fixed: fc.constantFrom(...VERSIONS),
    severity: fc.constantFrom(null, null, 'unimportant'),
    day: fc.integer({ min: 1, max: 28 }),
  })
  .map(({ release, packageName, vulnerability, state, fixed, severity, day }) => ({
    source: 'debian-tracker',
    vulnerabilityId: `CVE-2026-${1000 + vulnerability}`,
    aliases: [],
    release,
    packageName,
    state,
    fixedVersion: state === 'fixed' ? fixed : null,
    severity,
    statedOn: `2026-10-${String(day).padStart(2, '0')}`,
    note: null,
  }));

/** One claim per vulnerability and package, as one publisher makes them. */
const claimsArbitrary = fc
  .array(claimArbitrary, { maxLength: 60 })
  .map(claims => [...new Map(claims.map(claim => [`${claim.release} ${claim.packageName} ${claim.vulnerabilityId}`, claim])).values()]);

const enrichmentOf = (id: string): Enrichment | null => {
  const number = Number(id.slice(-2));
  const kev = number % 5 === 0 ? { addedOn: '2026-11-10', dueOn: '2026-12-01', ransomware: false, name: id } : null;
  const ssvc =
    number % 3 === 0 ? ({ exploitation: 'none', automatable: 'no', technicalImpact: 'total', statedOn: '2026-10-01' } as const) : null;
  return { vulnerabilityId: id, title: null, publishedOn: null, kev, ssvc, cvss: [], epss: null };
};

function fleetHost(id: string, host: GeneratedHost): FleetHost {
  return {
    id,
    release: host.release,
    exposure: host.exposure,
    criticality: 'normal',
    enrolledMs: NOW - host.sinceDays * DAY_MS,
    packagesKey: `${host.installed.join()} ${host.kernels.join()}`,
    candidatesKey: host.offers && JSON.stringify([host.offers, host.kernelOffer, host.installed.map(v => v >= 0)]),
    residuals: host.residuals.map(({ source, version, days }) => ({
      packageName: SOURCES[source] ?? 'linux-image-amd64',
      sourceName: SOURCES[source] ?? 'linux',
      sourceVersion: VERSIONS[version]!,
      until: source < SOURCES.length ? 'restart' : 'reboot',
      sinceMs: NOW - days * DAY_MS,
      replacedMs: NOW,
    })),
    runningKernel: host.running === null ? null : `6.1.0-${host.running}-amd64`,
  };
}

const idsOf = (host: GeneratedHost) =>
  packIds([...host.installed.flatMap((v, b) => (v < 0 ? [] : [1 + b * 4 + v])), ...host.kernels.map(k => KERNELS[k]!.id)]);
const sinceOf = (host: GeneratedHost) =>
  Uint32Array.from(
    host.installed.flatMap((v, b) => (v < 0 || host.cameDays[b]! < 0 ? [] : [1 + b * 4 + v, (NOW - host.cameDays[b]! * DAY_MS) / 1_000])),
  );
/** Only binaries that are installed have candidates. */
const candidatesOf = ({ offers, installed, kernelOffer }: GeneratedHost) =>
  Uint32Array.from([
    ...(offers ?? []).flatMap((offer, s) =>
      offer === null
        ? []
        : [s * 2, s * 2 + 1].filter(b => installed[b]! >= 0).map(b => (1 + b * 4 + offer.version) * 4 + offer.availability),
    ),
    ...(kernelOffer === null ? [] : [KERNELS[kernelOffer.version]!.id * 4 + kernelOffer.availability]),
  ]);

function put(fleet: Fleet, id: string, host: GeneratedHost): void {
  fleet.putHost(fleetHost(id, host), { packages: () => idsOf(host), candidateIds: () => candidatesOf(host), since: sinceOf(host) });
}

function emptyFleet(sweepHostsMin = 1_000): Fleet {
  const fleet = new Fleet({ sweepHostsMin });
  for (const version of [...ALL_VERSIONS, ...KERNELS]) {
    fleet.addVersion(version);
    for (const [at, availability] of AVAILABILITY.entries())
      fleet.addCandidate({ id: version.id * 4 + at, version, origins: ['Debian-Security:12/x'], security: true, availability });
  }
  return fleet;
}

/** The slow way, one host and one vulnerability at a time, through the documented entry of core/findings. */
function bySlowWay(host: GeneratedHost, claims: readonly Claim[], nowMs: number) {
  const index = indexClaims(claims);
  const byState = new Map<string, number>();
  const byDue = new Map<string, number>();
  let knownExploited = 0;
  for (const [s, source] of SOURCES.entries()) {
    const binaries = [s * 2, s * 2 + 1].filter(b => host.installed[b]! >= 0);
    const matchesIn = (version: string) =>
      matchPackage(index, { release: host.release, sourceName: source, sourceVersion: version, packageName: source, originTrusted: true });
    const found = new Map(binaries.flatMap(b => matchesIn(VERSIONS[host.installed[b]!]!)).map(match => [match.vulnerabilityId, match]));
    const offer = host.offers?.[s] ?? null;
    const left = offer === null ? null : new Set(matchesIn(VERSIONS[offer.version]!).map(match => match.vulnerabilityId));
    for (const match of found.values()) {
      let state: string = match.state;
      let hasFix = false;
      if (match.hidden !== null) state = 'wont-fix';
      else if (match.state === 'unknown') state = 'unknown';
      else if (left !== null && !left.has(match.vulnerabilityId)) {
        hasFix = true;
        state = { offered: 'fixable', 'kept-back': 'fixable', held: 'held', phased: 'phased' }[AVAILABILITY[offer!.availability]!]!;
      } else if (match.state === 'fixed') {
        hasFix = true;
        state = host.offers === null ? 'fixable' : 'not-offered';
      } else if (match.state === 'open') state = 'waiting-for-vendor';
      byState.set(state, (byState.get(state) ?? 0) + 1);
      if (state === 'wont-fix') continue;
      const enrichment = enrichmentOf(match.vulnerabilityId);
      knownExploited += Number(enrichment?.kev != null);
      const came = Math.max(
        ...binaries
          .filter(b => matchesIn(VERSIONS[host.installed[b]!]!).length > 0)
          .map(b => (host.cameDays[b]! < 0 ? host.sinceDays : host.cameDays[b]!)),
      );
      const clock = Math.max(Date.parse(match.evidence[0]!.statedOn!), NOW - came * DAY_MS);
      const band = hasFix ? dueBand(dueAtMs(deadlineFor(enrichment, host.exposure), clock), nowMs) : 'none';
      byDue.set(band, (byDue.get(band) ?? 0) + 1);
    }
  }
  return {
    byState: FINDING_STATES.map(state => byState.get(state) ?? 0),
    byDue: DUE_BANDS.map(band => byDue.get(band) ?? 0),
    knownExploited,
  };
}

function answers(fleet: Fleet, id: string, nowMs = NOW) {
  const { byState, byDue, knownExploited } = fleet.assessment(fleet.slotOf(id)!, nowMs);
  return { byState, byDue, knownExploited };
}

function queueOf(fleet: Fleet) {
  return [...fleet.queue.patches()]
    .map(patch => ({
      name: `${patch.release} ${patch.sourceName} ${patch.targetVersion}`,
      hosts: [...patch.hosts.toArray()].map(slot => fleet.host(slot).id).sort(),
      counts: [...patch.counts],
      due: fleet.queue.firstDueMs(patch),
      closes: [...patch.cohorts.values()].map(cohort => [cohort.closes.size, cohort.hosts, cohort.weight]).sort(),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

describe('Fleet', () => {
  it('answers for every host as matching each of its packages by itself does', () => {
    fc.assert(
      fc.property(fc.array(hostArbitrary, { minLength: 1, maxLength: 8 }), claimsArbitrary, (hosts, claims) => {
        const fleet = emptyFleet(1);
        for (const [at, host] of hosts.entries()) put(fleet, `host_${at}`, host);
        fleet.inventory.index();
        fleet.loadClaims(indexClaims(claims), enrichmentOf);
        // Due dates pass: what hosts share is made anew when one does, by a sweep or when it is asked for.
        for (const days of [0, 3, 9, 45]) {
          const nowMs = NOW + days * DAY_MS;
          if (days === 9) fleet.refresh(nowMs);
          for (const [at, host] of hosts.entries()) expect(answers(fleet, `host_${at}`, nowMs)).toEqual(bySlowWay(host, claims, nowMs));
        }
      }),
      { numRuns: 150 },
    );
  });

  it('after any changes stands where a fresh start would', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('host' as const), at: fc.integer({ min: 0, max: 6 }), host: mixedHostArbitrary }),
      fc.record({ kind: fc.constant('remove' as const), at: fc.integer({ min: 0, max: 6 }) }),
      fc.record({
        kind: fc.constant('claims' as const),
        release: fc.constantFrom(...RELEASES),
        name: fc.constantFrom(...SOURCES, 'linux'),
        claims: claimsArbitrary,
      }),
      fc.record({ kind: fc.constant('ask' as const), at: fc.integer({ min: 0, max: 6 }) }),
    );
    fc.assert(
      fc.property(
        fc.array(mixedHostArbitrary, { maxLength: 5 }),
        claimsArbitrary,
        fc.array(step, { maxLength: 12 }),
        fc.constantFrom(1, 1_000),
        (hosts, firstClaims, steps, sweepHostsMin) => {
          const model = new Map(hosts.map((host, at) => [`host_${at}`, host]));
          let claims = firstClaims;
          const fleet = emptyFleet(sweepHostsMin);
          for (const [id, host] of model) put(fleet, id, host);
          fleet.inventory.index();
          fleet.loadClaims(indexClaims(claims), enrichmentOf);
          fleet.refresh(NOW);
          for (const change of steps) {
            if (change.kind === 'host') {
              model.set(`host_${change.at}`, change.host);
              put(fleet, `host_${change.at}`, change.host);
            } else if (change.kind === 'remove') {
              model.delete(`host_${change.at}`);
              fleet.removeHost(`host_${change.at}`);
            } else if (change.kind === 'claims') {
              const isOld = (claim: Claim) => claim.release !== change.release || claim.packageName !== change.name;
              const added = change.claims.filter(claim => !isOld(claim));
              claims = [...claims.filter(isOld), ...added];
              fleet.setClaims({ release: change.release, kind: 'source', name: change.name }, added);
            } else if (model.has(`host_${change.at}`)) fleet.assessment(fleet.slotOf(`host_${change.at}`)!, NOW);
          }
          fleet.refresh(NOW);
          const fresh = emptyFleet(1_001 - sweepHostsMin);
          for (const [id, host] of model) put(fresh, id, host);
          fresh.inventory.index();
          fresh.loadClaims(indexClaims(claims), enrichmentOf);
          fresh.refresh(NOW);
          for (const id of model.keys()) expect(answers(fleet, id)).toEqual(answers(fresh, id));
          expect(queueOf(fleet)).toEqual(queueOf(fresh));
          for (const id of model.keys())
            for (const found of fleet.sourcesOf(fleet.slotOf(id)!)) {
              const only = new Set([found.standing.source]);
              expect(fleet.sourcesOf(fleet.slotOf(id)!, only)).toEqual([found]);
            }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('names exactly the hosts of a changed advisory', () => {
    fc.assert(
      fc.property(
        fc.array(hostArbitrary, { minLength: 1, maxLength: 8 }),
        fc.constantFrom(...SOURCES),
        fc.constantFrom(...VERSIONS),
        (hosts, source, fixedVersion) => {
          const fleet = emptyFleet();
          for (const [at, host] of hosts.entries()) put(fleet, `host_${at}`, host);
          fleet.inventory.index();
          fleet.refresh(NOW);
          const key = { release: 'debian:12', kind: 'source', name: source } as const;
          const claim: Claim = {
            source: 'debian-tracker',
            vulnerabilityId: 'CVE-2026-9999',
            aliases: [],
            release: 'debian:12',
            packageName: source,
            state: 'fixed',
            fixedVersion,
            severity: null,
            statedOn: null,
            note: null,
          };
          fleet.setClaims(key, [claim]);
          const b = SOURCES.indexOf(source) * 2;
          const isBelow = (v: number) => v >= 0 && compareVersions(deb, VERSIONS[v]!, fixedVersion) === -1;
          const expected = hosts.flatMap((host, at) =>
            host.release === 'debian:12' && (isBelow(host.installed[b]!) || isBelow(host.installed[b + 1]!)) ? [`host_${at}`] : [],
          );
          expect(Array.from(fleet.hostsWith(key, 'CVE-2026-9999'), slot => fleet.host(slot).id).sort()).toEqual(expected.sort());
        },
      ),
    );
  });
});
