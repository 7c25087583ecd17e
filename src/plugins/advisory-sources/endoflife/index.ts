import type { Lifecycle, SupportEnd } from '../../../core/advisories/lifecycle.ts';
import { jsonEntriesReader } from '../json-entries.ts';
import { anyDay, asObject, BadRecord, type JsonObject, objectOrNull, objectsOf, optionalText, pastDay, requiredText } from '../records.ts';
import type { AdvisorySource, FeedContext, FeedReader } from '../spec.ts';
import { jsonLinesReader } from '../text-reader.ts';

/** Support periods of products. Tiers: eoas (active support), eol (security support), eoes (extended, long-term). Values are a date, true (over) or false (not over). */
export const endoflife: AdvisorySource = {
  id: 'endoflife',
  title: 'endoflife.date',
  licence: 'MIT',
  homepage: 'https://endoflife.date/',
  defaultUrl: 'https://endoflife.date/api/v1/products/full',
  format:
    'the API\'s {"schema_version", "result":[{"name", "releases":[{"name", "eolFrom", "eoasFrom", "eoesFrom"}]}]}, or JSON lines, one product each: {"product", "title", "releases":[{"releaseCycle", "eol", "eoas", "eoes", "latest"}]}',
  provides: 'lifecycle',
  recognise: head =>
    isApiAnswer(head.text) ||
    /^\{"title":"[^"]*","addedAt":"/.test(head.text) ||
    (/^\{/.test(head.text) && /"releases":\[\{"releaseCycle":/.test(head.text.slice(0, 4000))),
  reader: context => eitherReader(context),
};

const isApiAnswer = (text: string): boolean =>
  /^\s*\{\s*"schema_version"\s*:/.test(text) && /"result"\s*:\s*\[/.test(text) && /"(?:eolFrom|isEol)"/.test(text);

/** The two forms are told apart by the first bytes: a product of the lines has no schema. */
function eitherReader(context: FeedContext): FeedReader {
  let reader: FeedReader | null = null;
  let first = '';
  const chosen = () => (reader ??= /^\s*\{\s*"schema_/.test(first) ? apiReader(context) : linesReader(context));
  return {
    push(chunk) {
      if (reader !== null) return reader.push(chunk);
      first += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1');
      return first.length < SCHEMA_CHARS ? [] : chosen().push(Buffer.from(first, 'latin1'));
    },
    end: () => (reader === null ? [...chosen().push(Buffer.from(first, 'latin1')), ...chosen().end()] : reader.end()),
    dataDate: () => chosen().dataDate(),
    quarantined: () => chosen().quarantined(),
  };
}

/** Enough to see the first key. */
const SCHEMA_CHARS = 64;

/** The API's whole list, version 1: a tier is a flag, and a day where one is known. */
function apiReader(context: FeedContext): FeedReader {
  let generatedOn: string | null = null;
  return jsonEntriesReader({
    open: ['result'],
    entry({ container, key }, value, into) {
      if (container !== 'result') {
        if (key === 'generated_at') generatedOn = pastDay(value, context.today);
        return;
      }
      into.guard(`product ${Number(key) + 1}`, () => {
        const product = asObject(value);
        const name = requiredText(product, 'name');
        for (const release of objectsOf(product.releases))
          into.guard(`${name} ${String(release.name)}`, () =>
            into.add({
              kind: 'lifecycle',
              lifecycle: lifecycleOf(name, optionalText(product, 'label') ?? name, linesForm(release), context.today),
            }),
          );
      });
    },
    dataDate: () => generatedOn,
  });
}

function linesForm(release: JsonObject): JsonObject {
  const tier = (flag: string, day: string) => release[day] ?? release[flag] ?? null;
  return {
    releaseCycle: release.name,
    codename: release.codename,
    releaseDate: release.releaseDate,
    eoas: tier('isEoas', 'eoasFrom'),
    eol: tier('isEol', 'eolFrom'),
    eoes: tier('isEoes', 'eoesFrom'),
    latest: objectOrNull(release.latest)?.name,
  };
}

function linesReader(context: FeedContext): FeedReader {
  return jsonLinesReader({
    record(value, number, into) {
      const product = asObject(value);
      const name = requiredText(product, 'product');
      const title = optionalText(product, 'title') ?? name;
      for (const release of objectsOf(product.releases))
        into.guard(`line ${number} (${name} ${String(release.releaseCycle)})`, () =>
          into.add({ kind: 'lifecycle', lifecycle: lifecycleOf(name, title, release, context.today) }),
        );
    },
  });
}

function lifecycleOf(product: string, title: string, release: JsonObject, today: string): Lifecycle {
  return {
    product,
    title,
    cycle: requiredText(release, 'releaseCycle'),
    codename: optionalText(release, 'codename'),
    releasedOn: pastDay(release.releaseDate, today),
    activeSupport: supportEnd(release.eoas, 'eoas'),
    securitySupport: supportEnd(release.eol, 'eol'),
    extendedSupport: supportEnd(release.eoes, 'eoes'),
    latestVersion: optionalText(release, 'latest'),
  };
}

function supportEnd(value: unknown, tier: string): SupportEnd {
  if (value === undefined || value === null) return null;
  if (value === true) return 'ended';
  if (value === false) return 'open';
  const day = anyDay(value);
  if (day === null) throw new BadRecord(`${tier} ${String(value)} is neither a day nor true or false`);
  return day;
}
