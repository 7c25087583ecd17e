import { snapshotDigests } from '../../src/core/inventory/digest.ts';
import { toPackageRow } from '../../src/core/inventory/package-row.ts';
import type { CandidateRecord, HostFacts, PackageChange, PackageRecord } from '../../src/core/inventory/snapshot.ts';
import type { SyntheticFleet } from './fleet.ts';
import { randomOf } from './random.ts';

export const PACKAGES_PER_HOST = 600;
const OBSERVED_AT = '2026-11-22T00:00:00.000Z';
const DAY_SECONDS = 86_400;

/** What one host of the synthetic fleet reports: 600 packages, its candidates, facts of a server, and a year of its own logs. */
export interface SyntheticReport {
  readonly facts: HostFacts;
  readonly packages: readonly PackageRecord[];
  readonly candidates: readonly CandidateRecord[];
  readonly history: readonly PackageChange[];
}

export function reportOf(fleet: SyntheticFleet, number: number): SyntheticReport {
  const host = fleet.host(number);
  const ids = [...host.packageIds].slice(0, PACKAGES_PER_HOST);
  const shown = new Set(ids);
  const packages = ids.map(id => ({ ...versionOf(fleet, id), state: 'installed' as const, held: false }));
  const names = new Set(packages.map(({ name }) => name));
  const candidates = [...host.candidateIds].flatMap(id => {
    const candidate = fleet.candidates[id - 1]!;
    return names.has(candidate.version.name) ? [candidateOf(fleet, id)] : [];
  });
  const since: [number, number][] = [];
  for (let at = 0; at < host.since.length; at += 2) if (shown.has(host.since[at]!)) since.push([host.since[at]!, host.since[at + 1]!]);
  return { facts: factsOf(number), packages, candidates, history: historyOf(fleet, since, number) };
}

function versionOf(fleet: SyntheticFleet, id: number) {
  const { name, arch, version, sourceName, sourceVersion } = fleet.versions[id - 1]!;
  return { name, arch, version, sourceName, sourceVersion };
}

function candidateOf(fleet: SyntheticFleet, id: number): CandidateRecord {
  const { version, origins, security, availability } = fleet.candidates[id - 1]!;
  const random = randomOf(id);
  const sha256 = Array.from({ length: 8 }, () =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0'),
  ).join('');
  return {
    ...versionOf(fleet, version.id),
    origins,
    security,
    availability,
    sizeBytes: Math.floor(random() * 2_000_000),
    sha256,
    phasedPercent: null,
  };
}

/** Upgrades of the last twelve months (dpkg.log is kept that long), in runs of some packages, by unattended-upgrades and by hand. */
function historyOf(fleet: SyntheticFleet, since: readonly (readonly [number, number])[], number: number): PackageChange[] {
  const random = randomOf(number + 77);
  const earliest = Date.parse(OBSERVED_AT) / 1_000 - 365 * DAY_SECONDS;
  return since.flatMap(([id, seconds]) => {
    const { name, arch, version } = fleet.versions[id - 1]!;
    const before = versionBefore(fleet, id);
    if (before === undefined || seconds < earliest) return [];
    // An apt run takes whole minutes; packages of one run are seconds apart.
    const at = new Date((Math.floor(seconds / 600) * 600 + Math.floor(random() * 60)) * 1_000).toISOString();
    const byHand = random() < 0.1;
    return [
      {
        at,
        action: 'upgrade' as const,
        name,
        arch,
        fromVersion: before,
        toVersion: version,
        commandLine: byHand ? 'apt-get upgrade' : '/usr/bin/unattended-upgrade',
        requestedBy: byHand ? 'admin (1000)' : null,
      },
    ];
  });
}

const previous = new WeakMap<SyntheticFleet, Map<number, string>>();

/** The version that the package had before, undefined for its first. */
function versionBefore(fleet: SyntheticFleet, id: number): string | undefined {
  let known = previous.get(fleet);
  if (known === undefined) {
    previous.set(fleet, (known = new Map()));
    const last = new Map<string, string>();
    for (const version of fleet.versions) {
      const before = last.get(version.name);
      if (before !== undefined) known.set(version.id, before);
      last.set(version.name, version.version);
    }
  }
  return known.get(id);
}

const UNITS = [
  'cron',
  'dbus',
  'ssh',
  'systemd-journald',
  'systemd-logind',
  'systemd-networkd',
  'systemd-resolved',
  'systemd-timesyncd',
  'systemd-udevd',
  'unattended-upgrades',
  'rsyslog',
  'polkit',
  'getty@tty1',
  'nginx',
  'redis-server',
  'postgresql@15-main',
  'docker',
  'containerd',
  'postfix',
  'chrony',
  'fail2ban',
  'prometheus-node-exporter',
  'snmpd',
  'haproxy',
  'php8.2-fpm',
  'mariadb',
  'keepalived',
  'zabbix-agent',
  'auditd',
  'atd',
];

export function factsOf(number: number): HostFacts {
  const random = randomOf(number + 33);
  const pick = <T>(list: readonly T[], share: number) => list.filter(() => random() < share);
  const services = [...pick(UNITS, 0.7), ...Array.from({ length: 40 }, (_, at) => `app-${Math.floor(random() * 500)}-${at}`)];
  const suite = (name: string, label: string) => ({
    site: 'deb.debian.org',
    suite: name,
    codename: name.replace('oldstable', 'bookworm'),
    label,
    origin: 'Debian',
    component: 'main',
    publishedAt: '2026-11-20T10:00:00.000Z',
  });
  return {
    hostname: `host-${number}.example.org`,
    addresses: [`10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`, 'fe80::1'],
    machineId: hex(random, 32),
    os: { id: 'debian', versionId: '12', codename: 'bookworm', prettyName: 'Debian GNU/Linux 12 (bookworm)' },
    architecture: 'amd64',
    bootId: hex(random, 32),
    bootedAt: new Date(Date.parse(OBSERVED_AT) - Math.floor(random() * 90) * DAY_SECONDS * 1_000).toISOString(),
    kernel: {
      runningRelease: `6.1.0-${40 + Math.floor(random() * 15)}-amd64`,
      installed: [{ release: '6.1.0-50-amd64', packageName: 'linux-image-6.1.0-50-amd64', version: '6.1.176-1' }],
    },
    suites: [suite('oldstable', 'Debian'), suite('oldstable-updates', 'Debian'), suite('oldstable-security', 'Debian-Security')],
    services: services.map(unit => ({ unit: `${unit}.service`, activeState: 'active', subState: random() < 0.8 ? 'running' : 'exited' })),
    sockets: Array.from({ length: 15 }, (_, at) => ({
      protocol: 'tcp' as const,
      address: '0.0.0.0',
      port: 22 + Math.floor(random() * 9_000),
      process: services[at] ?? null,
      unit: `${services[at] ?? 'x'}.service`,
    })),
    staleProcesses: pick(services, 0.05).map((unit, at) => ({
      pid: 400 + at,
      command: `/usr/sbin/${unit}`,
      unit: `${unit}.service`,
      files: [{ path: '/usr/lib/x86_64-linux-gnu/libssl.so.3', packageName: 'libssl3' }],
    })),
    reboot: { required: random() < 0.2, reasons: [] },
    packageManager: { id: 'apt', healthy: true, problems: [] },
    unread: [],
  };
}

function hex(random: () => number, digits: number): string {
  return Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('');
}

/** The body of POST /api/agent/v1/report. */
export function bodyOf(report: SyntheticReport, observedAt = OBSERVED_AT) {
  return {
    observedAt,
    digests: snapshotDigests(report),
    facts: report.facts,
    packages: report.packages.map(toPackageRow),
    candidates: report.candidates,
    history: report.history,
  };
}
