import { orderOf } from '../../core/advisories/orders.ts';
import { isThirdParty } from '../../core/inventory/package-origin.ts';
import { epochMs } from '../../core/kernel/instants.ts';
import { statedGroups } from '../../core/remediation/assessment.ts';
import { binaryKey, movesOf } from '../../core/remediation/changes.ts';
import { isKernelSource } from '../../core/remediation/kernel-images.ts';
import type { RankedEntry } from '../../core/remediation/ranked-patches.ts';
import { restartOf, unitsOf } from '../../core/remediation/restart.ts';
import { compareVersions, isInvalid } from '../../core/versions/scheme.ts';
import type { Context } from '../context.ts';
import type { FleetPort, HostChange } from '../ports.ts';
import { queryOfGroup } from './host-handlers.ts';
import type { HostSummaries } from './host-summaries.ts';
import type { FleetModel } from './model.ts';
import { servicesOf } from './patch-handlers.ts';
import { instantOf, offerOf } from './patch-views.ts';

type HostAnswer = Awaited<ReturnType<FleetPort['changesFor']>>[number];

/** Why a patch moves nothing on a host. */
interface Excluded {
  readonly reason: string;
  readonly alreadyCompliant: boolean;
}

export function fleetPort(context: Context, model: FleetModel, summaries: HostSummaries, settled: () => Promise<void>): FleetPort {
  const { db, clock } = context;
  const { fleet } = model;

  return {
    async resolve({ groupId, query, hostIds }) {
      await settled();
      const texts = [query, groupId === undefined ? undefined : await queryOfGroup(db, groupId)].filter(text => text !== undefined);
      let slots: number[] | null = null;
      for (const text of texts) {
        const found = summaries.matching(text, epochMs(clock.now()));
        if (!found.ok) return { hostIds: [], problem: `${found.message} (at character ${found.position + 1})` };
        const matching = new Set(found.slots);
        slots = slots === null ? found.slots : slots.filter(slot => matching.has(slot));
      }
      // Named hosts are meant one by one; with a query beside them, both have to hold.
      const named = hostIds?.map(id => fleet.slotOf(id)).filter(slot => slot !== undefined) ?? null;
      const chosen = slots === null ? (named ?? []) : named === null ? slots : slots.filter(slot => named.includes(slot));
      return { hostIds: chosen.map(slot => model.records[slot]!.id), problem: null };
    },

    async changesFor(patchIds, hostIds) {
      await settled();
      const { byId } = model.ranked();
      const entries = patchIds.flatMap(id => byId.get(id) ?? []);
      const services = await servicesOf(db, hostIds);
      return hostIds.map(hostId => answerFor(model, hostId, entries, services.get(hostId) ?? []));
    },

    async patchesOn(hostIds) {
      await settled();
      const { entries, byPart } = model.ranked();
      const needed = hostIds === null ? null : new Set<RankedEntry>();
      for (const hostId of hostIds ?? []) {
        const slot = fleet.slotOf(hostId);
        if (slot === undefined) continue;
        for (const [patch, { availability }] of fleet.queue.membersOf(slot))
          if (availability === 'offered') needed!.add(byPart.get(patch)!);
      }
      return entries
        .filter(entry => entry.isOffered && (needed === null || needed.has(entry)))
        .map(({ id, sourceName, targetVersion, platform, security, closed }) => ({
          patchId: id,
          title: `${sourceName} ${targetVersion} (${platform})`,
          platform,
          sourceName,
          security,
          knownExploited: closed.knownExploited,
        }));
    },

    closedBy(hostId, changes) {
      const slot = fleet.slotOf(hostId);
      return slot === undefined ? [] : closedBy(model, slot, changes);
    },

    openOn(hostId) {
      const slot = fleet.slotOf(hostId);
      if (slot === undefined) return [];
      return fleet.sourcesOf(slot).flatMap(source =>
        statedGroups(source, model.records[slot]!.candidatesRead)
          .filter(({ state }) => state !== 'wont-fix')
          .flatMap(({ state, group }) =>
            group.findings.map(({ risk }) => ({ vulnerabilityId: risk.id, sourceName: source.standing.source.name, state })),
          ),
      );
    },

    hostName: hostId => model.record(hostId)?.name ?? null,

    async summaryOf(hostId) {
      await settled();
      const slot = fleet.slotOf(hostId);
      return slot === undefined ? null : summaries.of(slot, epochMs(clock.now()));
    },
  };
}

function answerFor(model: FleetModel, hostId: string, entries: readonly RankedEntry[], services: readonly string[]): HostAnswer {
  const slot = model.fleet.slotOf(hostId);
  const nothing = { hostId, changes: [], restartUnits: [], rebootExpected: false };
  if (slot === undefined) return { ...nothing, hostName: hostId, excluded: { reason: 'the host was removed', alreadyCompliant: false } };
  const { name: hostName, reach } = model.records[slot]!;
  if (reach === 'upload')
    return {
      ...nothing,
      hostName,
      excluded: { reason: 'it was added from a package list, so nothing can be changed on it', alreadyCompliant: false },
    };
  const changes = new Map<string, HostChange>();
  const excluded: Excluded[] = [];
  for (const entry of entries) {
    const found = changesOf(model, slot, entry);
    if ('reason' in found) excluded.push(found);
    else for (const change of found.changes) changes.set(`${change.name}\t${change.arch}`, change);
  }
  const list = [...changes.values()];
  if (list.length === 0) return { ...nothing, hostName, excluded: joined(excluded) };
  const names = list.map(change => change.name);
  return {
    hostId,
    hostName,
    changes: list,
    excluded: null,
    restartUnits: unitsOf(names, services),
    rebootExpected: restartOf(names, []).need === 'reboot',
    rebootPending: model.records[slot]!.rebootReasons,
    ...urgencyOf(model, slot, entries),
  };
}

/** When the first finding that these patches close on the host is due, and which of them want evidence before the patch. */
function urgencyOf(model: FleetModel, slot: number, entries: readonly RankedEntry[]): { dueAt: string | null; forensic: string[] } {
  const { exposure } = model.records[slot]!;
  let dueMs: number | null = null;
  const forensic = new Set<string>();
  for (const part of entries.flatMap(entry => entry.parts)) {
    const member = part.hosts.has(slot) ? model.fleet.queue.memberOf(slot, part) : null;
    if (!member || member.availability === 'not-offered') continue;
    if (member.dueMs !== null && (dueMs === null || member.dueMs < dueMs)) dueMs = member.dueMs;
    // Only known exploited ones can ask for it (BOD 26-04), so the walk is short.
    if (member.standing.closable.knownExploited === 0) continue;
    for (const { risk } of member.standing.closable.findings)
      if (risk.knownExploited && risk.deadline(exposure).forensic) forensic.add(risk.id);
  }
  return { dueAt: instantOf(dueMs), forensic: [...forensic].sort() };
}

/** Held packages stay held: a source with one of them is left alone as a whole, because its binaries depend on each other's exact version. */
function changesOf(model: FleetModel, slot: number, entry: RankedEntry): { readonly changes: readonly HostChange[] } | Excluded {
  const what = `${entry.sourceName} ${entry.targetVersion}`;
  const offer = offerOf(model, slot, entry);
  if (offer === null) return whyNotOffered(model, slot, entry);
  if (offer.availability === 'held') {
    const held = offer.candidates.flatMap(({ availability, version }) => (availability === 'held' ? [version.name] : [])).sort();
    return { reason: `${held.join(', ')} ${held.length === 1 ? 'is' : 'are'} held on this host`, alreadyCompliant: false };
  }
  if (offer.availability === 'phased') return { reason: `${what} is phased and not meant for this host yet`, alreadyCompliant: false };
  const changes = movesOf(offer, model.installed(slot, offer));
  return changes.length === 0 ? { reason: `${what} is in place`, alreadyCompliant: true } : { changes };
}

function whyNotOffered(model: FleetModel, slot: number, entry: RankedEntry): Excluded {
  const { release, candidatesRead, platform } = model.records[slot]!;
  const what = `${entry.sourceName} ${entry.targetVersion}`;
  if (release !== entry.release) return { reason: `the host is ${platform}, the patch is for ${entry.platform}`, alreadyCompliant: false };
  const installed = Array.from(model.fleet.inventory.idsOf(slot), id => model.fleet.units.unitOf(release, id)).filter(
    unit => unit.source.name === entry.sourceName,
  );
  if (installed.length === 0) return { reason: `${entry.sourceName} is not installed`, alreadyCompliant: true };
  const order = orderOf(release);
  const reaches = (unit: (typeof installed)[number]): boolean => {
    const answer = order === null ? 0 : compareVersions(order, unit.version, entry.targetVersion);
    return !isInvalid(answer) && answer >= 0;
  };
  // Older images of a kernel stay beside the new one, to boot into; every other source is there when all of it is.
  if (isKernelSource(entry.sourceName) ? installed.some(reaches) : installed.every(reaches))
    return { reason: `${what} or newer is in place`, alreadyCompliant: true };
  if (!candidatesRead) return { reason: 'what the host is offered could not be read', alreadyCompliant: false };
  return { reason: `no enabled suite offers ${what} to this host`, alreadyCompliant: false };
}

/** All patches of the selection are said in one sentence; the host is compliant only when each of them is in place. */
function joined(excluded: readonly Excluded[]): Excluded {
  if (excluded.length === 0) return { reason: 'none of the patches is known any more', alreadyCompliant: false };
  const open = excluded.filter(one => !one.alreadyCompliant);
  return {
    reason: [...new Set((open.length > 0 ? open : excluded).map(one => one.reason))].join('; '),
    alreadyCompliant: open.length === 0,
  };
}

function closedBy(model: FleetModel, slot: number, changes: readonly HostChange[]): string[] {
  const { release } = model.records[slot]!;
  const { inventory, units, matcher } = model.fleet;
  const unitOf = (name: string, arch: string, version: string) => {
    const same = (model.versionsByName.get(name) ?? [])
      .map(id => units.version(id))
      .filter(known => known.version === version && binaryKey(known) === binaryKey({ name, arch }));
    // The same version under several origins: the one that this host has.
    const found = same.find(known => inventory.has(slot, known.id)) ?? same[0];
    return found === undefined ? null : units.unitOfPackage(release, found);
  };
  const closed = new Set<string>();
  for (const { name, arch, fromVersion, toVersion } of changes) {
    const [from, to] = [unitOf(name, arch, fromVersion), unitOf(name, arch, toVersion)];
    if (from === null || to === null || from.source !== to.source || isThirdParty(to.origin)) continue;
    const left = new Set(matcher.of(to).vulnerable);
    for (const judgement of matcher.of(from).vulnerable) if (!left.has(judgement)) closed.add(judgement.subject.vulnerabilityId);
  }
  return [...closed].sort();
}
