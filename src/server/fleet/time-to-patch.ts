import { advisorySource, type SourcePackage } from '../../core/advisories/kernel-names.ts';
import { orderOf } from '../../core/advisories/orders.ts';
import { keyOf } from '../../core/findings/exceptions/scope.ts';
import { isHidden } from '../../core/findings/fleet-matcher.ts';
import type { FleetSource, Unit } from '../../core/findings/fleet-units.ts';
import type { Judgement } from '../../core/findings/rules.ts';
import { type HistoryEntry, unpackHistory } from '../../core/inventory/history.ts';
import { epochMs } from '../../core/kernel/instants.ts';
import { TIME_TO_PATCH_HOSTS_MAX } from '../../core/kernel/limits.ts';
import { isKernelSource } from '../../core/remediation/kernel-images.ts';
import { fixKnownMs } from '../../core/remediation/vulnerability-risk.ts';
import { type NeededFix, type TimeToPatch, timeToPatch } from '../../core/reporting/time-to-patch.ts';
import { compareKeys } from '../../core/versions/scheme.ts';
import type { Db } from '../../db/db.ts';
import type { ExceptionMarks, ExceptionOnHost } from '../ports.ts';
import { NO_MARKS } from './excused.ts';
import type { FleetModel } from './model.ts';

interface Fix {
  readonly boundary: Uint8Array;
  readonly knownMs: number;
  /** Keys (keyOf) of the vulnerabilities that it closes; only of sources that exceptions speak of. */
  readonly keys: readonly string[];
}

interface Crossing {
  readonly source: FleetSource;
  /** Fixes that the change brought: above the old version, not above the new one. */
  readonly fixes: readonly Fix[];
}

interface TransitionRow {
  readonly id: number;
  readonly name: string;
  readonly from_version: string;
  readonly to_version: string;
}

const HOSTS_AT_ONCE = 500;

/**
 * Time to patch out of what hosts' own logs and reports tell, joined with the fixed versions that publishers name. One observation per host, source
 * package and fixed version: a kernel with 2,500 vulnerabilities is one patch, not 2,500.
 */
export async function measureTimeToPatch(
  db: Db,
  model: FleetModel,
  marks: ExceptionMarks = NO_MARKS,
): Promise<(TimeToPatch & { readonly basis: string }) | null> {
  const slots = [...model.fleet.slots()].filter(slot => model.records[slot]!.hasInventory && model.records[slot]!.reach !== 'upload');
  const step = Math.max(1, slots.length / TIME_TO_PATCH_HOSTS_MAX);
  const sample = Array.from({ length: Math.min(slots.length, TIME_TO_PATCH_HOSTS_MAX) }, (_, at) => slots[Math.floor(at * step)]!);
  const measure = new Measure(model, marks);
  for (let at = 0; at < sample.length; at += HOSTS_AT_ONCE) await measure.addHosts(db, sample.slice(at, at + HOSTS_AT_ONCE));
  const result = timeToPatch(measure.needed, model.nowMs);
  return result && { ...result, basis: basisOf(sample.length, slots.length) };
}

function basisOf(sample: number, all: number): string {
  const hosts = sample < all ? `${sample} of ${all} hosts, evenly chosen` : `${all} ${all === 1 ? 'host' : 'hosts'}`;
  return `Kaplan-Meier over ${hosts}: from the day a fixed version was stated to the day all packages of its source had it, one observation per host, source package and fixed version, out of the hosts' own logs and reports. Open ones count for as long as they are open, hosts from the day they were watched. Kernels are left out: their clock stops at a boot, which package logs do not show.`;
}

const NO_KEYS: readonly string[] = [];

/** null: something of it is excused by nobody. */
function excusedSinceMs({ keys }: Fix, excuses: readonly ExceptionOnHost[]): number | null {
  if (excuses.length === 0 || keys.length === 0) return null;
  const since = keys.map(key => Math.min(...excuses.filter(one => one.keys.has(key)).map(one => epochMs(one.since))));
  const last = Math.max(...since);
  return Number.isFinite(last) ? last : null;
}

class Measure {
  readonly needed: NeededFix[] = [];
  readonly #model: FleetModel;
  readonly #marks: ExceptionMarks;
  readonly #fixes = new Map<FleetSource, readonly Fix[]>();
  readonly #lacked = new Map<Unit, readonly Fix[]>();
  readonly #transitions = new Map<number, TransitionRow>();
  readonly #crossings = new Map<string, Crossing | null>();
  readonly #keys = new Map<string, Uint8Array | null>();

  constructor(model: FleetModel, marks: ExceptionMarks) {
    this.#model = model;
    this.#marks = marks;
  }

  async addHosts(db: Db, slots: readonly number[]): Promise<void> {
    const rows = await db.query<{ host_id: string; changes: Buffer }>(
      'select host_id, changes from package_history where host_id = any($1) order by year',
      [slots.map(slot => this.#model.records[slot]!.id)],
    );
    const histories = new Map<string, HistoryEntry[]>();
    for (const { host_id: hostId, changes } of rows) histories.getOrInsertComputed(hostId, () => []).push(...unpackHistory(changes));
    const unknown = [...new Set([...histories.values()].flat().map(entry => entry.transitionId))].filter(id => !this.#transitions.has(id));
    for (const row of await db.query<TransitionRow>(
      "select id, name, from_version, to_version from package_transition where id = any($1) and action in ('upgrade', 'downgrade')",
      [unknown],
    ))
      this.#transitions.set(row.id, row);
    for (const slot of slots) this.#addHost(slot, histories.get(this.#model.records[slot]!.id) ?? []);
  }

  #addHost(slot: number, history: readonly HistoryEntry[]): void {
    const { release, enrolledMs } = this.#model.records[slot]!;
    const watchedMs = Math.min(enrolledMs, history.length === 0 ? enrolledMs : history[0]!.atSeconds * 1_000);
    const open = this.#openFixes(slot);
    const patched = new Map<Fix, number>();
    for (const { transitionId, atSeconds } of history) {
      for (const fix of this.#crossingOf(release, transitionId)?.fixes ?? [])
        patched.set(fix, Math.max(patched.get(fix) ?? 0, atSeconds * 1_000));
    }
    for (const [fix, patchedMs] of patched) if (!open.has(fix)) this.needed.push({ knownMs: fix.knownMs, watchedMs, patchedMs });
    const excuses = this.#marks.byHost.get(this.#model.records[slot]!.id)?.filter(one => one.mark.excuses) ?? [];
    for (const fix of open) this.needed.push({ knownMs: fix.knownMs, watchedMs, patchedMs: null, excusedMs: excusedSinceMs(fix, excuses) });
  }

  /** Fixes that some package of the host still lacks. */
  #openFixes(slot: number): ReadonlySet<Fix> {
    const open = new Set<Fix>();
    for (const { standing } of this.#model.fleet.sourcesOf(slot))
      for (const unit of standing.disk) for (const fix of this.#lackedBy(unit)) open.add(fix);
    return open;
  }

  #lackedBy(unit: Unit): readonly Fix[] {
    return this.#lacked.getOrInsertComputed(unit, () => {
      const installed = this.#keyOf(unit.source.release, unit.version);
      return installed === null ? [] : this.#fixesOf(unit.source).filter(({ boundary }) => compareKeys(installed, boundary) < 0);
    });
  }

  #crossingOf(release: string, transitionId: number): Crossing | null {
    return this.#crossings.getOrInsertComputed(`${release} ${transitionId}`, () => {
      const row = this.#transitions.get(transitionId);
      if (row === undefined) return null;
      const [from, to] = [this.#versionOf(release, row.name, row.from_version), this.#versionOf(release, row.name, row.to_version)];
      const source = this.#model.fleet.units.findSource(release, to.name);
      const [fromKey, toKey] = [this.#keyOf(release, from.version), this.#keyOf(release, to.version)];
      if (source === undefined || from.name !== to.name || fromKey === null || toKey === null) return null;
      return {
        source,
        fixes: this.#fixesOf(source).filter(({ boundary }) => compareKeys(fromKey, boundary) < 0 && compareKeys(toKey, boundary) >= 0),
      };
    });
  }

  /** The source of a binary's version, as advisories call it; an old version that is in no table any more is taken to be of the source that the package has now. */
  #versionOf(release: string, name: string, version: string): SourcePackage {
    const known = (this.#model.versionsByName.get(name) ?? []).map(id => this.#model.fleet.units.version(id));
    const exact = known.find(candidate => candidate.version === version);
    return advisorySource(
      release.split(':', 1)[0]!,
      exact?.sourceName ?? known.at(-1)?.sourceName ?? name,
      exact?.sourceVersion ?? version.replace(/\+b\d+$/, ''),
    );
  }

  /** Distinct fixed versions that publishers name for a source, with the day on which each was first stated. */
  #fixesOf(source: FleetSource): readonly Fix[] {
    return this.#fixes.getOrInsertComputed(source, () => {
      if (isKernelSource(source.name)) return [];
      const byVersion = new Map<string, Fix>();
      const isMarked = this.#marks.sources.has(source.name);
      for (const judgement of this.#judgements(source)) {
        const knownMs = fixKnownMs(judgement);
        if (judgement.boundary === null || knownMs === 0 || isHidden(judgement)) continue;
        const known = byVersion.get(judgement.fixedVersion!);
        const keys = isMarked ? [...(known?.keys ?? []), keyOf(judgement.subject.vulnerabilityId, source.name)] : NO_KEYS;
        byVersion.set(judgement.fixedVersion!, {
          boundary: judgement.boundary,
          knownMs: Math.min(knownMs, known?.knownMs ?? knownMs),
          keys,
        });
      }
      return [...byVersion.values()];
    });
  }

  #judgements(source: FleetSource): readonly Judgement[] {
    return this.#model.fleet.matcher.judged(source)?.bounded ?? [];
  }

  #keyOf(release: string, version: string): Uint8Array | null {
    return this.#keys.getOrInsertComputed(`${release} ${version}`, () => {
      const key = orderOf(release)?.key(version);
      return key?.ok ? key.key : null;
    });
  }
}
