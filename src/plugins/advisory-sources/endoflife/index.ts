import type { Lifecycle, SupportEnd } from '../../../core/advisories/lifecycle.ts';
import { anyDay, asObject, BadRecord, type JsonObject, objectsOf, optionalText, pastDay, requiredText } from '../records.ts';
import type { AdvisorySource } from '../spec.ts';
import { jsonLinesReader } from '../text-reader.ts';

/** Support periods of products. Tiers: eoas (active support), eol (security support), eoes (extended, long-term). Values are a date, true (over) or false (not over). */
export const endoflife: AdvisorySource = {
  id: 'endoflife',
  title: 'endoflife.date',
  licence: 'MIT',
  homepage: 'https://endoflife.date/',
  defaultUrl: null,
  format: 'JSON lines, one product each: {"product", "title", "releases":[{"releaseCycle", "eol", "eoas", "eoes", "latest"}]}',
  provides: 'lifecycle',
  recognise: head =>
    /^\{"title":"[^"]*","addedAt":"/.test(head.text) ||
    (/^\{/.test(head.text) && /"releases":\[\{"releaseCycle":/.test(head.text.slice(0, 4000))),
  reader: context =>
    jsonLinesReader({
      record(value, number, into) {
        const product = asObject(value);
        const name = requiredText(product, 'product');
        const title = optionalText(product, 'title') ?? name;
        for (const release of objectsOf(product.releases))
          into.guard(`line ${number} (${name} ${String(release.releaseCycle)})`, () =>
            into.add({ kind: 'lifecycle', lifecycle: lifecycleOf(name, title, release, context.today) }),
          );
      },
    }),
};

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
