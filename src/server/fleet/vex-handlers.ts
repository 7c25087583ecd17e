import { orderOf } from '../../core/advisories/orders.ts';
import { packageKindOfRelease } from '../../core/advisories/releases.ts';
import type { KernelState } from '../../core/findings/finding.ts';
import type { FleetSource, Unit } from '../../core/findings/fleet-units.ts';
import { matchOf } from '../../core/findings/match.ts';
import type { Judgement } from '../../core/findings/rules.ts';
import { VEX_STATEMENTS_MAX } from '../../core/kernel/limits.ts';
import type { Exporter, FindingBlock } from '../../plugins/exporters/spec.ts';
import type { Handlers } from '../context.ts';
import type { ExceptionMarks } from '../ports.ts';
import { invalid } from '../runtime/problems.ts';
import type { HostHandlerParts } from './host-handlers.ts';
import type { FleetModel } from './model.ts';
import { ownVerdicts } from './own-verdicts.ts';

export type VexFormat = 'openvex' | 'csaf';

type Parts = Pick<HostHandlerParts, 'context' | 'model' | 'taken'> & {
  readonly exporter: (format: VexFormat) => Promise<Exporter>;
  readonly marks: () => Promise<ExceptionMarks>;
};

interface VexFilter {
  /** Id or name. */
  readonly host?: string | undefined;
  readonly vulnerability?: string | undefined;
  readonly source?: string | undefined;
}

/** What we say of the packages of the fleet, in the formats in which others say it to us. */
export function vexHandlers({ context, model, taken, exporter, marks: askMarks }: Parts): Handlers<'findingVex'> {
  return {
    async findingVex({ query: { format, ...filter } }) {
      await taken();
      const chosen = chosenUnits(model, filter);
      const marks = await askMarks();
      const verdictsOn = (unit: Unit) => ownVerdicts(model, marks, unit, filter.host);
      const { write } = await exporter(format);
      const { installation, clock, randomHex } = context;
      const document = write(blocksOf(chosen, filter.host ?? '', verdictsOn), {
        at: clock.now(),
        toolVersion: installation.version,
        documentId: () => uuidOf(randomHex(16)),
        author: installation.name,
        authorUrl: installation.baseUrl,
        fileOf: host => host,
        isKnownExploited: ({ vulnerabilityId, aliases }) =>
          model.kevKnown ? [vulnerabilityId, ...aliases].some(id => (model.enrichment(id)?.kev ?? null) !== null) : null,
      });
      return inSteps(document);
    },
  };
}

/** Other requests get their turn while a long document is sent. */
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

interface ChosenUnit {
  readonly unit: Unit;
  readonly kernelState: KernelState;
  readonly judgements: readonly Judged[];
}

/** `doubt`: why nobody can decide it for this version. */
interface Judged {
  readonly judgement: Judgement;
  readonly doubt: string | null;
}

/** Throws a 400 for more than a document should hold. */
function chosenUnits(model: FleetModel, filter: VexFilter): ChosenUnit[] {
  const chosen: ChosenUnit[] = [];
  let statements = 0;
  for (const { unit, kernelState } of filter.host === undefined ? unitsOfFleet(model) : unitsOfHost(model, filter.host)) {
    if (filter.source !== undefined && unit.source.name !== filter.source) continue;
    const judgements = judgedOf(model, unit, filter.vulnerability);
    if (judgements.length > 0) chosen.push({ unit, kernelState, judgements });
    statements += judgements.length;
  }
  if (statements > VEX_STATEMENTS_MAX)
    throw invalid(
      'query/source',
      `That would be ${statements} statements; a document holds ${VEX_STATEMENTS_MAX} at most.`,
      'Ask for one source package, host or vulnerability at a time.',
    );
  return chosen;
}

function judgedOf({ fleet }: FleetModel, unit: Unit, vulnerability: string | undefined): Judged[] {
  const { vulnerable, undecided } = fleet.matcher.of(unit);
  const isAsked = ({ subject }: Judgement) =>
    vulnerability === undefined || subject.vulnerabilityId === vulnerability || subject.aliases.includes(vulnerability);
  return [
    ...vulnerable.filter(isAsked).map(judgement => ({ judgement, doubt: null })),
    ...Array.from(undecided, ([judgement, doubt]) => ({ judgement, doubt })).filter(({ judgement }) => isAsked(judgement)),
  ];
}

function* blocksOf(
  chosen: readonly ChosenUnit[],
  host: string,
  verdictsOn: (unit: Unit) => FindingBlock['verdictOn'] | null,
): Iterable<FindingBlock> {
  for (const { unit, kernelState, judgements } of chosen) {
    const order = orderOf(unit.source.release);
    const version = unit.binary?.version ?? unit.version;
    const matches = judgements.map(({ judgement, doubt }) => matchOf(judgement, version, order, doubt));
    const verdictOn = verdictsOn(unit);
    yield {
      host,
      release: unit.source.release,
      package: packageOf(unit),
      kernelState,
      matches,
      ...(verdictOn == null ? {} : { verdictOn }),
    };
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
