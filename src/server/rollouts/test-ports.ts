import type { HostFacts, PackageRecord } from '../../core/inventory/snapshot.ts';
import type { FleetPort, InventoryPort, PeoplePort, WakePort } from '../ports.ts';
import type { ScriptedHost } from './test-fleet.ts';

/** The ports of other nouns, answered from scripted hosts. */
export type OfferedPatch = Awaited<ReturnType<FleetPort['patchesOn']>>[number];

export function fleetOf(
  hosts: readonly ScriptedHost[],
  target: Readonly<Record<string, string>>,
  excluded: Readonly<Record<string, string>> = {},
  queries: ReadonlyMap<string, string[]> = new Map(),
  patches: readonly OfferedPatch[] = [],
): FleetPort {
  return {
    resolve: async selector => ({
      hostIds: [...(selector.hostIds ?? queries.get(selector.query ?? '') ?? hosts.map(host => host.id))],
      problem: selector.query === 'bad =' ? 'a value is missing' : null,
    }),
    changesFor: async (_patchIds, hostIds) =>
      hostIds.map(hostId => {
        const host = hosts.find(one => one.id === hostId);
        const changes = Object.entries(target).flatMap(([name, toVersion]) => {
          const fromVersion = host?.packages.get(name);
          return fromVersion === undefined || fromVersion === toVersion ? [] : [{ name, arch: 'amd64', fromVersion, toVersion }];
        });
        const reason = excluded[hostId] ?? (changes.length === 0 ? 'already compliant' : null);
        return {
          hostId,
          hostName: nameOf(hostId),
          changes,
          excluded: reason === null ? null : { reason, alreadyCompliant: excluded[hostId] === undefined },
          restartUnits: [],
          rebootExpected: host?.needsReboot ?? false,
          forensic: host?.forensic ?? [],
          dueAt: host?.dueAt ?? null,
        };
      }),
    patchesOn: async () => [...patches],
    closedBy: (_hostId, changes) => changes.map(change => `CVE-2026-${change.name}`),
    openOn: () => [],
    hostName: nameOf,
    summaryOf: async () => null,
  };
}

function nameOf(hostId: string): string {
  return hostId.replace('host_', '');
}

export function inventoryOf(
  hosts: readonly ScriptedHost[],
  asked: string[] = [],
  healthy: ReadonlySet<string> = new Set(),
  failing: ReadonlySet<string> = new Set(),
): InventoryPort {
  return {
    onChange: () => {},
    packagesOf: async hostId =>
      [...(hosts.find(host => host.id === hostId)?.packages ?? [])].map(
        ([name, version]): PackageRecord => ({
          name,
          arch: 'amd64',
          version,
          sourceName: name,
          sourceVersion: version,
          state: 'installed',
          held: false,
        }),
      ),
    // Read this moment, whenever it is asked.
    factsOf: async hostId =>
      healthy.has(hostId) || failing.has(hostId)
        ? {
            facts: {
              packageManager: { id: 'apt', healthy: true, problems: [] },
              services: failing.has(hostId) ? [{ unit: 'web.service', activeState: 'failed' }] : [],
              bootedAt: '2026-11-01T00:00:00.000Z',
            } as unknown as HostFacts,
            observedAt: '2099-01-01T00:00:00.000Z',
          }
        : null,
    requestReport: hostId => void asked.push(hostId),
    seenOf: () => null,
  };
}

export const noWake: WakePort = { wake: () => {}, wait: async () => {}, onWake: () => () => {} };
export const twoPeople: PeoplePort = { isSinglePerson: async () => false };
