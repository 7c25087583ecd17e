import { debianRelease, parseRelease, ubuntuRelease } from '../../core/advisories/releases.ts';
import { readPackageList } from '../../core/inventory/package-list.ts';
import type { HostFacts, OperatingSystem, PackageRecord } from '../../core/inventory/snapshot.ts';
import { makeId } from '../../core/kernel/ids.ts';
import type { Queryable } from '../../db/db.ts';
import { actorOf } from '../actor.ts';
import type { Context, Handlers } from '../context.ts';
import { invalid } from '../runtime/problems.ts';
import { type AgentRoutePorts, settle } from './agent-routes.ts';
import { insertHost } from './hosts.ts';
import { snapshotReport } from './report.ts';

type UploadPorts = Pick<AgentRoutePorts, 'reports' | 'seen' | 'requests' | 'onFirstInventory'>;

export function uploadHandlers(context: Context, ports: UploadPorts): Handlers<'hostUpload'> {
  return {
    async hostUpload({ body }, caller) {
      const reading = readPackageList(body.text);
      if (!reading.ok) throw invalid('body/text', reading.problem, 'Paste the whole output, from the first line to the last.');
      const warnings = [...reading.list.warnings];
      const packages = reading.list.sourceUnknown
        ? await withKnownSources(context.db, reading.list.packages, warnings)
        : reading.list.packages;
      const facts = factsOf(body.name, osOf(body.release, packages, warnings), packages, body.kernelRelease);
      const hostId = await hostOfName(context, body.name, actorOf(caller), packages.length);
      const report = snapshotReport({ observedAt: context.clock.now(), facts, packages, candidates: null });
      const answer = await ports.reports.accept(hostId, report, () => ({ name: body.name, address: null }));
      await settle(ports, hostId, answer);
      return { hostId, packages: packages.filter(row => row.state !== 'config-files').length, warnings };
    },
  };
}

/** A list without source names: other hosts of the fleet often have the same version and know its source. What remains stands for itself. */
async function withKnownSources(db: Queryable, packages: readonly PackageRecord[], warnings: string[]): Promise<PackageRecord[]> {
  const rows = await db.query<{ n: number; source_name: string; source_version: string }>(
    `select distinct on (w.n) w.n, p.source_name, p.source_version from jsonb_to_recordset($1::jsonb) as w(n int, name text, version text)
     join package_version p on p.name = w.name and p.version = w.version order by w.n, (p.source_name <> p.name) desc, p.id`,
    [JSON.stringify(packages.map(({ name, version }, n) => ({ n, name, version })))],
  );
  const known = new Map(rows.map(row => [row.n, row]));
  const guessed = packages.length - known.size;
  if (guessed > 0)
    warnings.push(
      `the list does not name source packages; for ${guessed} of ${packages.length} the package's own name stands in, so some vulnerabilities are missed. Better: dpkg-query -W -f '\${Package}\\t\${Version}\\t\${Architecture}\\t\${db:Status-Want}\\t\${db:Status-Eflag}\\t\${db:Status-Status}\\t\${source:Package}\\t\${source:Version}\\n'`,
    );
  return packages.map((row, n) => {
    const source = known.get(n);
    return source ? { ...row, sourceName: source.source_name, sourceVersion: source.source_version } : row;
  });
}

/** base-files carries the release: `12.4+deb12u11`, `12ubuntu4.6`. */
const UBUNTU_BASE_FILES: Readonly<Record<string, string>> = { '10.1': '18.04', '11': '20.04', '12': '22.04', '13': '24.04' };

function osOf(stated: string | undefined, packages: readonly PackageRecord[], warnings: string[]): OperatingSystem {
  if (stated) {
    const codename = stated.trim().toLowerCase();
    const release = parseRelease(debianRelease(codename) ?? ubuntuRelease(codename) ?? stated);
    if (!release.ok) throw invalid('body/release', release.reason);
    return osOfRelease(release.release);
  }
  const version = packages.find(row => row.name === 'base-files')?.version ?? '';
  const ubuntu = /^(\d+(?:\.\d+)?)ubuntu/.exec(version)?.[1];
  const number = ubuntu === undefined ? /^(\d+)/.exec(version)?.[1] : undefined;
  if (ubuntu !== undefined && UBUNTU_BASE_FILES[ubuntu]) return osOfRelease(`ubuntu:${UBUNTU_BASE_FILES[ubuntu]}`);
  if (number !== undefined) return osOfRelease(`debian:${number}`);
  warnings.push(
    'the release is not stated and base-files is not in the list, so no advisory can be applied; upload again with the release, for example debian:12',
  );
  return { id: 'unknown', versionId: '', codename: '', prettyName: 'unknown' };
}

const TITLES: Readonly<Record<string, string>> = { debian: 'Debian GNU/Linux', ubuntu: 'Ubuntu' };

function osOfRelease(release: string): OperatingSystem {
  const [id = '', versionId = ''] = release.split(':');
  return { id, versionId, codename: '', prettyName: `${TITLES[id] ?? id} ${versionId}`.trim() };
}

function factsOf(name: string, os: OperatingSystem, packages: readonly PackageRecord[], kernelRelease: string | undefined): HostFacts {
  const unread = ['services', 'sockets', 'staleProcesses', 'reboot', 'suites', 'packageManager', ...(kernelRelease ? [] : ['kernel'])].map(
    fact => `${fact}: a package list does not tell`,
  );
  return {
    hostname: name,
    addresses: [],
    machineId: null,
    os,
    architecture: packages.find(row => row.name === 'dpkg')?.arch ?? 'unknown',
    bootId: null,
    bootedAt: null,
    kernel: kernelRelease ? { runningRelease: kernelRelease, installed: installedKernels(packages) } : null,
    suites: null,
    services: null,
    sockets: null,
    staleProcesses: null,
    reboot: null,
    packageManager: null,
    unread,
  };
}

/** `linux-image-6.1.0-50-amd64` runs as `6.1.0-50-amd64`. */
function installedKernels(packages: readonly PackageRecord[]) {
  return packages.flatMap(({ name, version, state }) => {
    const release = /^linux-image-(?:unsigned-)?(\d.*)$/.exec(name)?.[1];
    return release && state !== 'config-files' ? [{ release, packageName: name, version }] : [];
  });
}

/** Uploads are known by name; a host that an agent or SSH keeps is never overwritten by a pasted list. */
async function hostOfName(context: Context, name: string, actor: string, packages: number): Promise<string> {
  return context.db.transaction(async tx => {
    const [known] = await tx.query<{ id: string }>(
      "select id from host where name = $1 and reach = 'upload' and removed_at is null order by enrolled_at limit 1 for update",
      [name],
    );
    const id = known?.id ?? makeId('host', context.randomHex(8));
    if (!known)
      await insertHost(tx, { id, name, address: null, reach: 'upload', machineId: null, labels: {}, enrolledAt: context.clock.now() });
    await context.audit(tx, { actor, action: 'host.upload', subject: id, detail: { name, packages, added: !known } });
    return id;
  });
}
