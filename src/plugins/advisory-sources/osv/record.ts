import type { AffectedRange, AffectedSet, Claim } from '../../../core/advisories/claim.ts';
import { orderOf } from '../../../core/advisories/orders.ts';
import { isUnknownRelease, type OsvRelease, releaseOfOsvEcosystem } from '../../../core/advisories/osv-ecosystems.ts';
import { pypiName } from '../../../core/advisories/package-url.ts';
import { MAX_VERSION_CHARS } from '../../../core/kernel/limits.ts';
import { compareVersions, isInvalid, type VersionScheme } from '../../../core/versions/scheme.ts';
import { streamOf } from '../module-streams.ts';
import {
  asObject,
  BadRecord,
  isVulnerabilityId,
  type JsonObject,
  objectOrNull,
  objectsOf,
  optionalText,
  packageName,
  pastDay,
  printable,
  textsOf,
  vulnerabilityId,
  WithdrawnRecord,
} from '../records.ts';
import type { FeedContext } from '../spec.ts';
import type { ItemCollector } from '../text-reader.ts';
import { highest } from '../united.ts';

/**
 * One OSV record (ossf.github.io/osv-schema). A version is affected when `versions` names it or a range holds it; `introduced` is inclusive, `fixed`
 * exclusive, `last_affected` inclusive, "0" before everything; withdrawn records say nothing. `only`: releases that the source speaks for, null for all.
 */
export function readOsvRecord(
  value: unknown,
  source: string,
  context: FeedContext,
  into: ItemCollector,
  only: ((release: string) => boolean) | null = null,
): void {
  const record = asObject(value);
  const id = vulnerabilityId(record.id);
  if (record.withdrawn !== undefined && record.withdrawn !== null)
    throw new WithdrawnRecord(id, `${id} was withdrawn on ${printable(String(record.withdrawn))}`);
  // Malicious packages are no versions with a flaw: 209,647 of npm's 214,057 records, and a scan does not need them.
  if (id.startsWith('MAL-')) return;
  const naming = namesOf(id, record);
  const statedOn = pastDay(record.modified, context.today) ?? pastDay(record.published, context.today);
  const severity = optionalText(objectOrNull(record.database_specific) ?? {}, 'severity') ?? severityOfSummary(record);
  const summary = optionalText(record, 'summary');
  if (record.affected !== undefined && record.affected !== null && !Array.isArray(record.affected))
    throw new BadRecord('affected is not a list');
  const packages = objectsOf(record.affected);
  // A record with nothing of the source's own is in its file for a reason: it is taken as it is.
  const filter = only !== null && packages.some(affected => isOwn(affected, only)) ? only : null;
  const statements = new Map<string, Statement[]>();
  for (const affected of packages) {
    const one = objectOrNull(affected.package);
    const ecosystem = one === null ? null : optionalText(one, 'ecosystem');
    if (one === null || ecosystem === null) continue;
    // Ecosystems that Fettle does not match (Android, OSS-Fuzz, GIT) are no fault of the record.
    const found = releaseOfOsvEcosystem(ecosystem);
    if (found === null && context.releases === null && isUnknownRelease(ecosystem)) into.leaveOut(printable(ecosystem));
    if (found === null || !wants(context, found.release) || (filter !== null && !filter(found.release))) continue;
    into.guard(`${id} ${String(one.name)}`, () => {
      const said = statementOf(affected, one, found);
      if (said === null) return;
      const key = `${said.release} ${said.packageName} ${said.subscription ?? ''}`;
      statements.set(key, [...(statements.get(key) ?? []), said]);
    });
  }
  for (const ofPackage of statements.values()) {
    const { severity: ofEntry, ...claim } = claimOf(ofPackage);
    for (const name of naming.ids)
      into.add({
        kind: 'claim',
        claim: {
          source,
          vulnerabilityId: name,
          aliases: naming.aliases,
          ...claim,
          severity: ofEntry ?? severity,
          statedOn,
          note: summary,
          ...moduleOf(summary, claim.fixedVersion),
          ...(naming.advisoryId === null ? {} : { advisoryId: naming.advisoryId }),
        },
      });
  }
}

function isOwn(affected: JsonObject, only: (release: string) => boolean): boolean {
  const found = releaseOfOsvEcosystem(optionalText(objectOrNull(affected.package) ?? {}, 'ecosystem') ?? '');
  return found !== null && only(found.release);
}

function wants(context: FeedContext, release: string): boolean {
  return context.releases === null || context.releases.has(release);
}

interface Naming {
  readonly ids: readonly string[];
  readonly aliases: readonly string[];
  readonly advisoryId: string | null;
}

const NOTICE = /^(ALSA|ALBA|ALEA|RLSA|RXSA|RHSA|RHBA|RHEA|DSA|DLA|DTSA|USN|LSN|SUSE-SU|openSUSE-SU|ELSA|ALAS|FEDORA|CGA)-/;

/** `CVE-2024-1`, or a distribution's own record of it: `UBUNTU-CVE-2024-1`. */
const CVE_OR_VIEW = /^(?:[A-Z]+-)?(CVE-\d{4}-\d{4,})$/;

/** A notice (ALSA, USN, DSA) names the vulnerabilities that it fixes; every other record is one vulnerability, under several ids. */
function namesOf(id: string, record: JsonObject): Naming {
  const aliases = textsOf(record.aliases).filter(isVulnerabilityId);
  const upstream = textsOf(record.upstream).filter(isVulnerabilityId);
  if (NOTICE.test(id)) {
    const names = [...upstream, ...aliases, ...textsOf(record.related).filter(isVulnerabilityId)];
    const named = [...new Set(names.flatMap(name => CVE_OR_VIEW.exec(name)?.[1] ?? []))];
    return { ids: named.length > 0 ? named : [id], aliases: [], advisoryId: id };
  }
  // DEBIAN-CVE-2024-1, UBUNTU-CVE-2024-1, ALPINE-CVE-2024-1: a distribution's view of one CVE.
  const viewOf = /^[A-Z]+-(CVE-\d{4}-\d{4,})$/.exec(id)?.[1];
  if (viewOf !== undefined) return { ids: [viewOf], aliases: [id], advisoryId: null };
  return { ids: [id], aliases: [...new Set([...aliases, ...upstream])].filter(alias => alias !== id), advisoryId: null };
}

/** Errata of rpm distributions name the stream in the summary only. */
function moduleOf(summary: string | null, fixedVersion: string | null): { module?: string } {
  const stream = fixedVersion === null ? null : streamOf(summary ?? '', fixedVersion);
  return stream === null ? {} : { module: stream };
}

function urgencyOf(affected: JsonObject): string | null {
  const specific = objectOrNull(affected.ecosystem_specific) ?? {};
  const word =
    optionalText(specific, 'urgency') ??
    optionalText(specific, 'severity') ??
    optionalText(objectOrNull(affected.database_specific) ?? {}, 'severity');
  return word === 'not yet assigned' ? null : word;
}

/** AlmaLinux and Rocky put it before the summary: `Important: firefox security update`. */
function severityOfSummary(record: JsonObject): string | null {
  return /^(Critical|Important|Moderate|Low): /.exec(optionalText(record, 'summary') ?? '')?.[1]?.toLowerCase() ?? null;
}

/** One entry of `affected`. */
interface Statement {
  readonly release: string;
  readonly subscription: string | null;
  readonly packageName: string;
  readonly severity: string | null;
  readonly versions: readonly string[];
  readonly ranges: readonly AffectedRange[];
}

/** null when it names no version at all. */
function statementOf(affected: JsonObject, one: JsonObject, { release, subscription }: OsvRelease): Statement | null {
  const order = orderOf(release);
  if (order === null) throw new BadRecord(`no version order is known for ${release}`);
  const name = packageName(one.name);
  // A longer one is no version, and no installed version is the same.
  const versions = textsOf(affected.versions).filter(version => version.length <= MAX_VERSION_CHARS);
  const ranges = orderedRanges(affected, order, versions.length > 0);
  if (ranges.length === 0 && versions.length === 0) return null;
  return {
    release,
    subscription,
    packageName: release === 'PyPI' ? pypiName(name) : name,
    severity: urgencyOf(affected),
    versions,
    ranges,
  };
}

/** Records of GitHub's database have an entry for each range of one package: together they are what is said of it, and none may stand for the others. */
function claimOf(
  entries: readonly Statement[],
): Pick<Claim, 'release' | 'packageName' | 'state' | 'fixedVersion' | 'affected' | 'subscription' | 'severity'> {
  const { release, packageName: name, subscription } = entries[0]!;
  const set: AffectedSet = {
    versions: [...new Set(entries.flatMap(entry => entry.versions))],
    ranges: entries.flatMap(entry => entry.ranges),
  };
  const fixedVersion = highest(
    release,
    set.ranges.flatMap(range => range.fixed ?? []),
  );
  // The version list of a distribution repeats what its ranges say: one comparison is the whole answer then, and binary search finds it. Its products
  // (modules of a service pack) repeat each other.
  const isPlain = release.includes(':') && set.ranges.length > 0 && set.ranges.every(range => isBelowTheFix(range, set.ranges.length));
  return {
    release,
    packageName: name,
    state: fixedVersion === null ? 'open' : 'fixed',
    fixedVersion,
    severity: entries.find(entry => entry.severity !== null)?.severity ?? null,
    ...(isPlain ? {} : { affected: set }),
    ...(subscription !== null && fixedVersion !== null ? { subscription } : {}),
  };
}

/** A range whose versions have no order is of no use; the list of versions beside it still is. */
function orderedRanges(affected: JsonObject, order: VersionScheme, hasList: boolean): AffectedRange[] {
  try {
    return objectsOf(affected.ranges)
      .filter(range => range.type !== 'GIT')
      .flatMap(range => rangesOf(objectsOf(range.events), order));
  } catch (problem) {
    if (problem instanceof BadRecord && hasList) return [];
    throw problem;
  }
}

/** Everything below the fix, or everything where there is none. */
function isBelowTheFix({ introduced, fixed, lastAffected, limit }: AffectedRange, ranges: number): boolean {
  return (introduced === null || introduced === '0') && lastAffected === null && limit === undefined && (fixed !== null || ranges === 1);
}

interface OsvEvent {
  readonly kind: 'introduced' | 'fixed' | 'last_affected' | 'limit';
  readonly version: string;
}

/** Events in any order -> intervals. */
function rangesOf(events: readonly JsonObject[], order: VersionScheme): AffectedRange[] {
  const known: OsvEvent[] = [];
  for (const event of events)
    for (const kind of ['introduced', 'fixed', 'last_affected', 'limit'] as const) {
      const version = event[kind];
      if (version === undefined || version === null || version === '') continue;
      if (typeof version !== 'string') throw new BadRecord(`${kind} is not text`);
      const key = version === '0' || isInfinite({ kind, version }) || order.compare !== undefined ? null : order.key(version);
      if (key !== null && !key.ok) throw new BadRecord(`version ${printable(version)} cannot be ordered (${key.reason})`);
      known.push({ kind, version });
    }
  known.sort((a, b) => compareEvents(a, b, order));
  const ranges: AffectedRange[] = [];
  let introduced: string | null = null;
  for (const event of known.filter(({ kind }) => kind !== 'limit')) {
    if (event.kind === 'introduced') introduced ??= event.version;
    else if (introduced !== null) {
      ranges.push({
        introduced,
        fixed: event.kind === 'fixed' ? event.version : null,
        lastAffected: event.kind === 'last_affected' ? event.version : null,
      });
      introduced = null;
    }
  }
  if (introduced !== null) ranges.push({ introduced, fixed: null, lastAffected: null });
  // Before any of the limits is enough, so the last one counts; none is the same as `*`.
  const limit = known.findLast(({ kind }) => kind === 'limit');
  return limit === undefined || isInfinite(limit) ? ranges : ranges.map(range => ({ ...range, limit: limit.version }));
}

/** The schema's "infinity": any limit that has an asterisk in it. */
function isInfinite({ kind, version }: OsvEvent): boolean {
  return kind === 'limit' && version.includes('*');
}

function compareEvents(a: OsvEvent, b: OsvEvent, order: VersionScheme): number {
  if (isInfinite(a) || isInfinite(b)) return Number(isInfinite(a)) - Number(isInfinite(b));
  if (a.version === b.version) return 0;
  if (a.version === '0') return -1;
  if (b.version === '0') return 1;
  const answer = compareVersions(order, a.version, b.version);
  if (isInvalid(answer))
    throw new BadRecord(`version ${printable(a.version)} or ${printable(b.version)} cannot be ordered (${answer.invalid})`);
  return answer;
}
