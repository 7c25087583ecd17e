import type { HostSummaryView } from '../../api/hosts.ts';
import { parseGroupQuery } from '../../core/inventory/group-query.ts';
import type { GroupHost } from '../../core/inventory/group-query-fields.ts';
import { compileGroupQuery } from '../../core/inventory/group-query-match.ts';
import { toInstant } from '../../core/kernel/instants.ts';
import { type Assessment, FINDING_STATES } from '../../core/remediation/assessment.ts';
import type { InventoryPort } from '../ports.ts';
import type { HostRecord } from './host-record.ts';
import { type SeenMoments, seenMomentsOf, seenStateOf } from './host-state.ts';
import type { FleetModel } from './model.ts';

const WONT_FIX = FINDING_STATES.indexOf('wont-fix');
export const REBOOT_PENDING = FINDING_STATES.indexOf('reboot-pending');
export const RESTART_PENDING = FINDING_STATES.indexOf('restart-pending');

/** Everything that is open, what waits for a vendor or for a restart among it; not what publishers say they will not fix. The finding lists show the same. */
export function openFindings({ byState }: Assessment): number {
  return byState.reduce((sum, count, at) => (at === WONT_FIX ? sum : sum + count), 0);
}

/** `findings`: how many wait for it. */
export function isRestartPending({ staleUnits, staleWithoutUnit }: HostRecord, findings: number): boolean {
  return findings > 0 || staleWithoutUnit || (staleUnits?.length ?? 0) > 0;
}

export function isRebootPending({ rebootReasons }: HostRecord, findings: number): boolean {
  return findings > 0 || rebootReasons.length > 0;
}

export class HostSummaries {
  readonly #model: FleetModel;
  readonly #seenOf: InventoryPort['seenOf'];

  constructor(model: FleetModel, seenOf: InventoryPort['seenOf']) {
    this.#model = model;
    this.#seenOf = seenOf;
  }

  /** `activeJobId` is null: the caller knows it for the rows it shows. */
  of(slot: number, nowMs: number): HostSummaryView {
    const record = this.#model.records[slot]!;
    const { fleet } = this.#model;
    const assessment = fleet.assessment(slot, nowMs);
    const pending = fleet.queue.pendingOf(slot);
    const seen = seenStateOf(record, this.#seenOf(record.id), nowMs);
    return {
      id: record.id,
      name: record.name,
      address: record.address,
      reach: record.reach,
      platform: record.platform,
      osName: record.osName,
      labels: record.labels,
      criticality: record.criticality,
      exposure: record.exposure,
      state: seen.state,
      stateReason: seen.reason,
      lastSeenAt: seen.lastSeenAt,
      inventoryAt: seen.inventoryAt,
      packages: record.packages,
      pendingPatches: pending.patches,
      securityPatches: pending.security,
      openFindings: openFindings(assessment),
      knownExploited: assessment.knownExploited,
      overdue: assessment.byDue[0]!,
      earliestDueAt: assessment.earliestDueMs === null ? null : toInstant(assessment.earliestDueMs),
      heldPackages: record.held,
      restartPending: isRestartPending(record, assessment.byState[RESTART_PENDING]!),
      rebootPending: isRebootPending(record, assessment.byState[REBOOT_PENDING]!),
      activeJobId: null,
    };
  }

  state(slot: number, nowMs: number) {
    const record = this.#model.records[slot]!;
    return seenStateOf(record, this.#seenOf(record.id), nowMs);
  }

  /** As `state`, without the words. */
  moments(slot: number, nowMs: number): SeenMoments {
    const record = this.#model.records[slot]!;
    return seenMomentsOf(record, this.#seenOf(record.id), nowMs);
  }

  /** Slots of the hosts that a group query matches, or what is wrong with it. */
  matching(
    query: string,
    nowMs: number,
  ): { readonly ok: true; readonly slots: number[] } | { readonly ok: false; readonly message: string; readonly position: number } {
    const parsed = parseGroupQuery(query);
    if (!parsed.ok) return { ok: false, ...parsed.problem };
    const matches = compileGroupQuery(parsed.query);
    const { fleet, versionsByName } = this.#model;
    const slots: number[] = [];
    for (const slot of fleet.slots()) {
      const packageVersions = (name: string) =>
        (versionsByName.get(name) ?? []).filter(id => fleet.inventory.has(slot, id)).map(id => fleet.units.version(id).version);
      const host: GroupHost = { ...this.of(slot, nowMs), packageVersions };
      if (matches(host)) slots.push(slot);
    }
    return { ok: true, slots };
  }
}
