import type { HostFacts } from '../core/inventory/snapshot.ts';
import { addMs, type Instant, MINUTE_MS } from '../core/kernel/instants.ts';
import { CODENAMES, kernelOf } from './archive.ts';
import { KERNEL_SOURCE, type Machine, SUITES } from './machine.ts';

/** What probes would read on a made-up host. */
export function factsOf(machine: Machine, now: Instant): HostFacts {
  const { name, address, release, number } = machine.part;
  const codename = CODENAMES[release];
  const suite = (text: string, label: string) => ({
    ...{ site: 'deb.debian.org', suite: text, codename: text.replace(SUITES[release], codename), label },
    ...{ origin: 'Debian', component: 'main', publishedAt: addMs(now, -9 * 3_600_000 - (number % 7) * MINUTE_MS) },
  });
  return {
    hostname: name,
    addresses: [address],
    machineId: null,
    os: { id: 'debian', versionId: release, codename, prettyName: `Debian GNU/Linux ${release} (${codename})` },
    architecture: 'amd64',
    bootId: machine.bootId,
    bootedAt: machine.bootedAt,
    kernel: {
      runningRelease: machine.runningKernel,
      installed: [...machine.packages.values()].flatMap(one =>
        /^linux-image-\d/.test(one.name)
          ? [{ release: one.name.replace('linux-image-', ''), packageName: one.name, version: one.version }]
          : [],
      ),
    },
    suites: [
      suite(SUITES[release], 'Debian'),
      suite(`${SUITES[release]}-updates`, 'Debian'),
      suite(`${SUITES[release]}-security`, 'Debian-Security'),
    ],
    services: machine.units.map(unit =>
      machine.failedUnits.has(unit)
        ? { unit, activeState: 'failed', subState: 'failed' }
        : { unit, activeState: 'active', subState: 'running' },
    ),
    sockets: [{ protocol: 'tcp', address: '0.0.0.0', port: 22, process: 'sshd', unit: 'ssh.service' }, ...socketsOf(machine)],
    staleProcesses: [...machine.stale].map(([unit, { packageName, pid }]) => ({
      pid,
      command: `/usr/sbin/${unit.replace('.service', '')}`,
      unit,
      files: [{ path: `/usr/lib/x86_64-linux-gnu/${packageName.replace(/t64$/, '')}.so`, packageName }],
    })),
    reboot: {
      required: machine.needsReboot,
      reasons: machine.needsReboot
        ? [`running kernel ${machine.runningKernel} is older than installed ${kernelOf(release, machine.levelOf(KERNEL_SOURCE)).release}`]
        : [],
    },
    packageManager: { id: 'apt', healthy: machine.problems.length === 0, problems: machine.problems },
    unread: [],
  };
}

function socketsOf(machine: Machine): NonNullable<HostFacts['sockets']>[number][] {
  const ports: Readonly<Record<string, number>> = {
    ...{
      nginx: 443,
      apache2: 8080,
      haproxy: 443,
      'redis-server': 6379,
      mariadb: 3306,
      postfix: 25,
      dovecot: 993,
      unbound: 53,
      squid: 3128,
      smbd: 445,
    },
  };
  return machine.units.flatMap(unit => {
    const name = unit.replace('.service', '');
    const port = name.startsWith('postgresql@') ? 5432 : ports[name];
    return port === undefined ? [] : [{ protocol: 'tcp' as const, address: '0.0.0.0', port, process: name, unit }];
  });
}
