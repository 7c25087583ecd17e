import type { LivePatch, Reach } from '../../core/inventory/snapshot.ts';
import type { HostExposure } from '../../core/remediation/deadline.ts';
import type { Criticality } from '../../core/remediation/patch.ts';
import type { HostRow } from './host-rows.ts';

/** What the lists show of a host beside its findings. */
export interface HostRecord {
  readonly id: string;
  readonly name: string;
  readonly address: string | null;
  readonly reach: Reach;
  readonly platform: string;
  readonly release: string;
  readonly osName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly criticality: Criticality;
  readonly exposure: HostExposure;
  readonly enrolledMs: number;
  /** As the tables had it; the inventory knows fresher. */
  readonly lastSeenMs: number | null;
  readonly inventoryMs: number | null;
  readonly problem: string | null;
  /** When the stored parts last changed. */
  readonly observedMs: number | null;
  readonly hasInventory: boolean;
  readonly candidatesRead: boolean;
  readonly packages: number;
  readonly held: number;
  /** Units with a process that still maps replaced files; null when processes could not be read. */
  readonly staleUnits: readonly string[] | null;
  /** Such processes that belong to no unit which could be restarted. */
  readonly staleWithoutUnit: boolean;
  readonly rebootReasons: readonly string[];
  /** Of the running kernel; most hosts have none. */
  readonly livePatches: readonly LivePatch[];
  readonly brokenPackages: readonly string[];
  /** Lower-case text that searches look through. */
  readonly haystack: string;
}

/** One for all. */
const NO_LIVE_PATCHES: readonly LivePatch[] = [];

export function recordOf(row: HostRow): HostRecord {
  const { inventory } = row;
  const { lastSeenMs, inventoryMs, problem, enrolledMs } = row;
  const reboot = inventory?.facts.reboot ?? null;
  const stale = inventory?.facts.staleProcesses ?? null;
  const labels = Object.entries(row.labels).map(([name, value]) => `${name}=${value}`);
  return {
    id: row.id,
    name: row.name,
    address: row.address,
    reach: row.reach,
    platform: row.platform,
    release: row.release,
    osName: row.osName,
    labels: row.labels,
    criticality: row.criticality,
    exposure: row.exposure,
    enrolledMs,
    lastSeenMs,
    inventoryMs: inventoryMs ?? inventory?.observedMs ?? null,
    problem,
    observedMs: inventory?.observedMs ?? null,
    hasInventory: inventory !== null,
    candidatesRead: inventory?.candidates != null,
    packages: inventory?.packageCount ?? 0,
    held: inventory?.heldCount ?? 0,
    staleUnits: stale === null ? null : [...new Set(stale.flatMap(({ unit }) => unit ?? []))].sort(),
    staleWithoutUnit: stale?.some(({ unit }) => unit === null) ?? false,
    rebootReasons: reboot?.required ? (reboot.reasons.length > 0 ? reboot.reasons : ['the host asks for a reboot']) : [],
    livePatches: inventory?.facts.livePatches ?? NO_LIVE_PATCHES,
    brokenPackages: inventory?.facts.packageManager?.healthy === false ? inventory.facts.packageManager.problems : [],
    haystack: [row.name, row.address ?? '', row.platform, row.osName, ...labels].join('\n').toLowerCase(),
  };
}
