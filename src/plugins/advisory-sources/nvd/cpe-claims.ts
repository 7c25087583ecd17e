import type { Claim, CpeStatement } from '../../../core/advisories/claim.ts';
import { CPE_RELEASE } from '../../../core/advisories/releases.ts';
import { parseCpe, productOf } from '../../../core/versions/cpe.ts';
import { type JsonObject, listOf, objectOrNull, objectsOf, optionalText, pastDay, printable, textsOf } from '../records.ts';

const BOUNDS = ['versionStartIncluding', 'versionStartExcluding', 'versionEndIncluding', 'versionEndExcluding'] as const;

/** What is meant beside a product is told by some of its names; lists of all routers that a firmware runs on are long. */
const NAMED_MAX = 4;

/**
 * A record's configurations -> one claim for each of the products that were asked for. An entry is any of its nodes, a node any of its matches, unless they say
 * AND or are negated: then one part alone decides nothing, and its statement says what it takes besides. `badCriteria` hears of names that are no CPE.
 */
export function cpeClaimsOf(
  cve: JsonObject,
  vulnerabilityId: string,
  products: ReadonlySet<string>,
  today: string,
  badCriteria: (reason: string) => void,
): Claim[] {
  const byProduct = new Map<string, CpeStatement[]>();
  for (const configuration of objectsOf(cve.configurations)) {
    const nodes = objectsOf(configuration.nodes);
    for (const node of nodes)
      for (const match of objectsOf(node.cpeMatch)) {
        const criteria = optionalText(match, 'criteria');
        if (match.vulnerable !== true || criteria === null) continue;
        const parsed = parseCpe(criteria);
        if (!parsed.ok) {
          badCriteria(`${printable(criteria)} is no CPE (${parsed.reason})`);
          continue;
        }
        const product = productOf(parsed.cpe);
        if (product === null || !products.has(product)) continue;
        const onlyIf = conditionOf(configuration, nodes, node, match);
        const statement = { criteria, ...boundsOf(match), ...(onlyIf === null ? {} : { onlyIf }) };
        byProduct.getOrInsertComputed(product, () => []).push(statement);
      }
  }
  const severity = severityOf(objectOrNull(cve.metrics) ?? {});
  const statedOn = pastDay(cve.lastModified, today) ?? pastDay(cve.published, today);
  const note = noteOf(cve);
  return Array.from(byProduct, ([packageName, cpe]) => ({
    source: 'nvd',
    vulnerabilityId,
    aliases: [],
    release: CPE_RELEASE,
    packageName,
    packageKind: 'binary',
    state: 'open',
    fixedVersion: null,
    severity,
    statedOn,
    note,
    cpe,
  }));
}

function boundsOf(match: JsonObject): Pick<CpeStatement, (typeof BOUNDS)[number]> {
  return Object.fromEntries(BOUNDS.flatMap(bound => (optionalText(match, bound) === null ? [] : [[bound, match[bound]]])));
}

/** null where the match alone is enough. */
function conditionOf(configuration: JsonObject, nodes: readonly JsonObject[], node: JsonObject, match: JsonObject): string | null {
  // The NVD's data has no negation, its schema has.
  if (configuration.negate === true || node.negate === true) return 'in a configuration that is negated, which is not read';
  const others = [
    ...(configuration.operator === 'AND' ? nodes.filter(other => other !== node) : []).flatMap(other => objectsOf(other.cpeMatch)),
    ...(node.operator === 'AND' ? objectsOf(node.cpeMatch).filter(other => other !== match) : []),
  ];
  if (others.length === 0) return null;
  const names = [...new Set(others.map(nameOf))];
  const more = names.length - NAMED_MAX;
  return `only together with ${names.slice(0, NAMED_MAX).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function nameOf(match: JsonObject): string {
  const criteria = String(match.criteria);
  const parsed = parseCpe(criteria);
  return printable((parsed.ok ? productOf(parsed.cpe) : null) ?? criteria);
}

/** The first scorer's own word; CVSS 2 has it beside the vector. */
function severityOf(metrics: JsonObject): string | null {
  for (const field of ['cvssMetricV40', 'cvssMetricV31', 'cvssMetricV30', 'cvssMetricV2'])
    for (const metric of objectsOf(metrics[field])) {
      const word = optionalText(objectOrNull(metric.cvssData) ?? {}, 'baseSeverity') ?? optionalText(metric, 'baseSeverity');
      if (word !== null) return word.toLowerCase();
    }
  return null;
}

function noteOf(cve: JsonObject): string | null {
  const tags = listOf(cve.cveTags).flatMap(tag => textsOf(objectOrNull(tag)?.tags));
  return tags.includes('disputed') ? 'That it is a vulnerability is disputed, says the NVD.' : null;
}
