import type { Claim } from '../../../core/advisories/claim.ts';
import { lookup } from '../../../core/kernel/lookup.ts';
import { architectureOf, type OfArchitecture, safeForAll, subjectOf } from '../architectures.ts';
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
  textsOf,
  vulnerabilityId,
} from '../records.ts';
import type { AdvisorySource, FeedContext } from '../spec.ts';
import type { ItemCollector } from '../text-reader.ts';
import { claimOfStatement, requireTrust, type VexStatus } from '../vex.ts';

/** OpenVEX documents (openvex.dev, 0.2.0): which builds a vulnerability concerns, said by somebody who has looked. */
export const openvex: AdvisorySource = {
  id: 'openvex',
  title: 'OpenVEX documents',
  licence: 'as the author states',
  homepage: 'https://openvex.dev/',
  defaultUrl: null,
  format: '{"@context":"https://openvex.dev/ns/v0.2.0", "author", "statements":[{"vulnerability", "products", "status"}]}',
  provides: 'claims',
  recognise: head => /"@context"\s*:\s*"https:\/\/openvex\.dev\/ns/.test(head.text.slice(0, 4000)),
  reader(context) {
    const document: Record<string, unknown> = {};
    const held: unknown[] = [];
    return jsonEntriesReader({
      open: ['statements'],
      entry({ container, key }, value) {
        // Author and date may stand behind the statements.
        if (container === 'statements') held.push(value);
        else document[key] = value;
      },
      end(into) {
        into.guard(context.fileName, () => {
          requireTrust(String(document.author ?? ''), context);
          const statements: OfArchitecture[] = [];
          for (const [at, value] of inOrderOfTime(held, document))
            into.guard(`statement ${at + 1}`, () => readStatement(asObject(value), document, at + 1, context, into, statements));
          for (const claim of withoutSuperseded(statements)) into.add({ kind: 'claim', claim });
        });
      },
    });
  },
};

const STATUSES: Readonly<Record<string, VexStatus>> = lookup({
  affected: 'affected',
  not_affected: 'not-affected',
  fixed: 'fixed',
  under_investigation: 'under-investigation',
});

/** The oldest first. Statements without a time of their own have the document's (OpenVEX 0.2.0, "Inheritance"). */
function inOrderOfTime(statements: readonly unknown[], document: JsonObject): [number, unknown][] {
  const ofDocument = optionalText(document, 'last_updated') ?? optionalText(document, 'timestamp') ?? '';
  const timeOf = (value: unknown) => Date.parse(optionalText(objectOrNull(value) ?? {}, 'timestamp') ?? ofDocument) || 0;
  return [...statements.entries()].sort(([, a], [, b]) => timeOf(a) - timeOf(b));
}

/** The latest statement about a product and a vulnerability is the one in force: days alone do not tell two of one day apart. */
function withoutSuperseded(statements: readonly OfArchitecture[]): Iterable<Claim> {
  const inForce = new Map<string, Map<string, OfArchitecture>>();
  for (const statement of statements) {
    const { claim, architecture } = statement;
    const byArchitecture = inForce.getOrInsertComputed(subjectOf(claim), () => new Map());
    if (architecture === '') byArchitecture.clear();
    byArchitecture.set(architecture, statement);
  }
  // The same of several architectures is one claim.
  const claims = new Map<string, Claim>();
  for (const { claim } of safeForAll(
    inForce
      .values()
      .flatMap(each => each.values())
      .toArray(),
  ))
    claims.set(`${subjectOf(claim)}\n${claim.state}`, claim);
  return claims.values();
}

function readStatement(
  statement: JsonObject,
  document: JsonObject,
  number: number,
  context: FeedContext,
  into: ItemCollector,
  statements: OfArchitecture[],
): void {
  const status = STATUSES[String(statement.status)];
  if (status === undefined) throw new BadRecord(`status ${String(statement.status)} is not one of OpenVEX's`);
  const named = objectOrNull(statement.vulnerability);
  // 0.0.x documents write the vulnerability as a text.
  const id = vulnerabilityId(named === null ? statement.vulnerability : named.name);
  const aliases = named === null ? [] : textsOf(named.aliases).filter(isVulnerabilityId);
  const statedOn = pastDay(statement.timestamp, context.today) ?? pastDay(document.timestamp, context.today);
  const note = [
    optionalText(statement, 'justification'),
    optionalText(statement, 'impact_statement'),
    optionalText(statement, 'status_notes'),
  ]
    .filter(Boolean)
    .join('; ');
  for (const { packageUrl, inside } of productsOf(statement))
    into.guard(`statement ${number} (${id} ${packageUrl})`, () => {
      if (inside !== null && context.isForHosts === true)
        throw new BadRecord(`it is about the package inside of ${printable(inside)} alone, which is no host`);
      const claim = claimOfStatement(
        { source: openvex.id, vulnerabilityId: id, aliases, status, statedOn, note: note || null, packageUrl },
        context,
      );
      if (claim !== null) statements.push({ claim, architecture: architectureOf(packageUrl) });
    });
}

/** A product, or where it has them its components: the statement is about those as they are inside of it. */
function productsOf(statement: JsonObject): { packageUrl: string; inside: string | null }[] {
  const urlOf = (one: JsonObject): string | null => optionalText(objectOrNull(one.identifiers) ?? {}, 'purl') ?? optionalText(one, '@id');
  const products = [...objectsOf(statement.products), ...textsOf(statement.products).map(id => ({ '@id': id }) as JsonObject)];
  return products.flatMap(product => {
    const components = objectsOf(product.subcomponents);
    const inside = components.length > 0 ? (urlOf(product) ?? 'a product without a name') : null;
    return (components.length > 0 ? components : [product]).flatMap(one => {
      const packageUrl = urlOf(one);
      return packageUrl === null ? [] : [{ packageUrl, inside }];
    });
  });
}
