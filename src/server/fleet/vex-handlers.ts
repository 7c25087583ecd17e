import { orderOf } from '../../core/advisories/orders.ts';
import { packageKindOfRelease } from '../../core/advisories/releases.ts';
import type { KernelState, Match } from '../../core/findings/finding.ts';
import type { FleetSource, Unit } from '../../core/findings/fleet-units.ts';
import { matchOf } from '../../core/findings/match.ts';
import type { Exporter, FindingBlock } from '../../plugins/exporters/spec.ts';
import type { Handlers } from '../context.ts';
import type { HostHandlerParts } from './host-handlers.ts';
import type { FleetModel } from './model.ts';

export type VexFormat = 'openvex' | 'csaf';

type Parts = Pick<HostHandlerParts, 'context' | 'model' | 'taken'> & { readonly exporter: (format: VexFormat) => Promise<Exporter> };

interface VexFilter {
  /** Id or name. */
  readonly host?: string | undefined;
  readonly vulnerability?: string | undefined;
  readonly source?: string | undefined;
}

/** What we say of the packages of the fleet, in the formats in which others say it to us. */
export function vexHandlers({ context, model, taken, exporter }: Parts): Handlers<'findingVex'> {
  return {
    async findingVex({ query: { format, ...filter } }) {
      await taken();
      const { write } = await exporter(format);
      const { installation, clock, randomHex } = context;
      const document = write(blocksOf(model, filter), {
        at: clock.now(),
        toolVersion: installation.version,
        documentId: () => uuidOf(randomHex(16)),
        author: installation.name,
        authorUrl: installation.baseUrl,
        fileOf: host => host,
        isKnownExploited: id => (model.kevKnown ? (model.enrichment(id)?.kev ?? null) !== null : null),
      });
      return inSteps(document);
    },
  };
}

/** Other requests get their turn: a fleet's document has half a million statements. */
async function* inSteps(chunks: Iterable<string | Uint8Array>): AsyncIterable<string> {
  let text = '';
  for (const chunk of chunks) {
    text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    if (text.length < 1 << 18) continue;
    yield text;
    text = '';
    await new Promise(resolve => setImmediate(resolve));
  }
  yield text;
}

function* blocksOf(model: FleetModel, filter: VexFilter): Iterable<FindingBlock> {
  for (const { unit, kernelState } of filter.host === undefined ? unitsOfFleet(model) : unitsOfHost(model, filter.host)) {
    if (filter.source !== undefined && unit.source.name !== filter.source) continue;
    const matches = matchesOf(model, unit).filter(
      match =>
        filter.vulnerability === undefined ||
        match.vulnerabilityId === filter.vulnerability ||
        match.aliases.includes(filter.vulnerability),
    );
    if (matches.length > 0) yield { host: filter.host ?? '', release: unit.source.release, package: packageOf(unit), kernelState, matches };
  }
}

/** What some host has. */
function* unitsOfFleet({ fleet }: FleetModel): Iterable<{ readonly unit: Unit; readonly kernelState: KernelState }> {
  for (const unit of fleet.units.units)
    if (unit.versionIds.some(id => (fleet.inventory.hostsOf(id)?.size ?? 0) > 0)) yield { unit, kernelState: null };
}

function* unitsOfHost({ fleet, records }: FleetModel, host: string): Iterable<{ readonly unit: Unit; readonly kernelState: KernelState }> {
  const slot = fleet.slotOf(host) ?? records.findIndex(record => record?.name === host);
  if (slot < 0) return;
  for (const { standing, kernelState } of fleet.sourcesOf(slot))
    for (const unit of new Set([...standing.disk, ...standing.memory])) yield { unit, kernelState };
}

function matchesOf({ fleet }: FleetModel, unit: Unit): Match[] {
  const order = orderOf(unit.source.release);
  const version = unit.binary?.version ?? unit.version;
  const { vulnerable, undecided } = fleet.matcher.of(unit);
  return [
    ...vulnerable.map(judgement => matchOf(judgement, version, order, null)),
    ...Array.from(undecided, ([judgement, reason]) => matchOf(judgement, version, order, reason)),
  ];
}

/** By source where publishers speak of sources, as a package URL says it (`arch=source`); its binaries would be said the same of. */
function packageOf({ source, version, binary }: Unit): FindingBlock['package'] {
  if (binary !== null) return { name: binary.name, arch: '', version: binary.version, sourceName: source.name, sourceVersion: version };
  const arch = isSourceArch(source) ? 'source' : '';
  return { name: source.name, arch, version, sourceName: source.name, sourceVersion: version };
}

function isSourceArch({ release }: FleetSource): boolean {
  return packageKindOfRelease(release) === 'source' && orderOf(release)?.id === 'deb';
}

/** RFC 9562, version 4, of 32 random digits. */
function uuidOf(hex: string): string {
  const digits = `${hex.slice(0, 12)}4${hex.slice(13, 16)}${'89ab'[Number.parseInt(hex[16]!, 16) & 3]}${hex.slice(17)}`;
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
