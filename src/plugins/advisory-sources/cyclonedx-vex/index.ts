import type { Claim } from '../../../core/advisories/claim.ts';
import { lookup } from '../../../core/kernel/lookup.ts';
import { architectureOf, type OfArchitecture, safeForAll } from '../architectures.ts';
import { jsonEntriesReader } from '../json-entries.ts';
import {
  asObject,
  BadRecord,
  isVulnerabilityId,
  type JsonObject,
  objectOrNull,
  objectsOf,
  optionalText,
  pastDay,
  printable,
  vulnerabilityId,
} from '../records.ts';
import type { AdvisorySource, FeedContext } from '../spec.ts';
import { HEAD_BYTES, type ItemCollector } from '../text-reader.ts';
import { united } from '../united.ts';
import { claimOfStatement, requireTrust, type VexStatement, type VexStatus } from '../vex.ts';

/** CycloneDX documents with vulnerabilities: what their authors found out by analysis (VEX). A vulnerability without an analysis says nothing about being affected. */
export const cyclonedxVex: AdvisorySource = {
  id: 'cyclonedx-vex',
  title: 'CycloneDX VEX documents',
  licence: 'as the author states',
  homepage: 'https://cyclonedx.org/capabilities/vex/',
  defaultUrl: null,
  format: '{"bomFormat":"CycloneDX", "vulnerabilities":[{"id", "analysis":{"state"}, "affects":[{"ref"}]}]}',
  provides: 'claims',
  // The vulnerabilities stand behind the components, of which a document has any number.
  recognise: head =>
    /"bomFormat"\s*:\s*"CycloneDX"/.test(head.text.slice(0, 8000)) &&
    (head.text.length >= HEAD_BYTES || /"vulnerabilities"\s*:/.test(head.text)),
  reader(context) {
    const urls = new Map<string, string>();
    const held: unknown[] = [];
    let metadata: JsonObject = {};
    return jsonEntriesReader({
      open: ['components', 'vulnerabilities'],
      entry({ container, key }, value) {
        if (container === 'vulnerabilities') held.push(value);
        else if (container === 'components') collectUrls(objectOrNull(value), urls, 0);
        else if (key === 'metadata') {
          metadata = objectOrNull(value) ?? {};
          collectUrls(objectOrNull(metadata.component), urls, 0);
        }
      },
      end(into) {
        into.guard(context.fileName, () => {
          requireTrust(authorOf(metadata), context);
          const described = objectOrNull(metadata.component);
          if (described?.type === 'container' && context.isForHosts === true)
            throw new BadRecord(`it is about what is inside of the image ${printable(String(described.name))} alone, which is no host`);
          const statements: OfArchitecture[] = [];
          for (const [at, value] of held.entries())
            into.guard(`vulnerability ${at + 1}`, () => readVulnerability(asObject(value), metadata, urls, context, into, statements));
          for (const { claim } of safeForAll(statements)) into.add({ kind: 'claim', claim });
        });
      },
    });
  },
};

const STATUSES: Readonly<Record<string, VexStatus>> = lookup({
  exploitable: 'affected',
  not_affected: 'not-affected',
  false_positive: 'not-affected',
  resolved: 'fixed',
  resolved_with_pedigree: 'fixed',
  in_triage: 'under-investigation',
});
const MAX_NESTING = 50;

function collectUrls(component: JsonObject | null, urls: Map<string, string>, depth: number): void {
  if (component === null || depth > MAX_NESTING) return;
  const url = optionalText(component, 'purl');
  if (url !== null) urls.set(optionalText(component, 'bom-ref') ?? url, url);
  for (const child of objectsOf(component.components)) collectUrls(child, urls, depth + 1);
}

function authorOf(metadata: JsonObject): string {
  const supplier = objectOrNull(metadata.supplier) ?? objectOrNull(metadata.manufacturer) ?? objectsOf(metadata.authors)[0] ?? {};
  return optionalText(supplier, 'name') ?? '';
}

function readVulnerability(
  one: JsonObject,
  metadata: JsonObject,
  urls: ReadonlyMap<string, string>,
  context: FeedContext,
  into: ItemCollector,
  statements: OfArchitecture[],
): void {
  const analysis = objectOrNull(one.analysis);
  const status = analysis === null ? undefined : STATUSES[String(analysis.state)];
  if (analysis === null || status === undefined) return;
  const id = vulnerabilityId(one.id);
  const aliases = objectsOf(one.references)
    .map(reference => reference.id)
    .filter(isVulnerabilityId)
    .filter(alias => alias !== id);
  const statedOn =
    pastDay(analysis.lastUpdated, context.today) ?? pastDay(one.updated, context.today) ?? pastDay(metadata.timestamp, context.today);
  const note = [optionalText(analysis, 'justification'), optionalText(analysis, 'detail')].filter(Boolean).join('; ');
  for (const affected of objectsOf(one.affects)) {
    const ref = String(affected.ref ?? '');
    const packageUrl = urls.get(ref) ?? urls.get(ref.replace(/^urn:cdx:[^#]*#/, '')) ?? ref;
    const statement = { source: cyclonedxVex.id, vulnerabilityId: id, aliases, status, statedOn, note: note || null, packageUrl };
    const claims: Claim[] = [];
    for (const versions of versionsOf(affected, status))
      into.guard([id, ref, versions.range ?? versions.version ?? ''].join(' ').trim(), () => {
        const claim = claimOfStatement({ ...statement, ...versions }, context);
        if (claim !== null) claims.push(claim);
      });
    for (const claim of united(claims)) statements.push({ claim, architecture: architectureOf(packageUrl) });
  }
}

const VERSION_STATUSES: Readonly<Record<string, VexStatus>> = lookup({ unaffected: 'not-affected', unknown: 'under-investigation' });

/** `affects[].versions` says it version by version, each with a status of its own (`affected` by default); without it the reference is meant. */
function versionsOf(affected: JsonObject, status: VexStatus): Pick<VexStatement, 'status' | 'version' | 'range' | 'except'>[] {
  const listed = objectsOf(affected.versions);
  if (listed.length === 0) return [{ status }];
  const except = listed.flatMap(one => optionalText(one, 'version') ?? []);
  return listed.map(one => {
    const [version, range] = [optionalText(one, 'version'), optionalText(one, 'range')];
    if ((version === null) === (range === null))
      throw new BadRecord('an entry of affects.versions has neither a version nor a range, or both');
    return { status: VERSION_STATUSES[String(one.status)] ?? status, ...(version === null ? { range: range!, except } : { version }) };
  });
}
