import type { Claim } from '../../../core/advisories/claim.ts';
import { parseRelease } from '../../../core/advisories/releases.ts';
import { streamOf } from '../module-streams.ts';
import { isOsv, osvReader } from '../osv/index.ts';
import { asObject, optionalText, orderableVersion, packageName, pastDay, printable, textsOf, vulnerabilityId } from '../records.ts';
import type { AdvisorySource, FeedContext, FeedReader } from '../spec.ts';
import { jsonLinesReader, readerByShape } from '../text-reader.ts';

/** AlmaLinux errata: binary packages with epoch, version and release. Only security notices (ALSA) say that something is vulnerable. */
export const almalinuxErrata: AdvisorySource = {
  id: 'almalinux-errata',
  title: 'AlmaLinux errata',
  licence: 'MIT',
  homepage: 'https://errata.almalinux.org/',
  defaultUrl: 'https://github.com/AlmaLinux/osv-database/archive/refs/heads/master.zip',
  format: 'OSV records of the ecosystem AlmaLinux, or JSON lines {"id":"ALSA-...", "cves":[], "fixed":{"AlmaLinux:9":{rpm:version}}}',
  provides: 'claims',
  distributions: ['almalinux'],
  recognise: head => isErrataLines(head.text) || (isOsv(head.text) && /"ecosystem"\s*:\s*"AlmaLinux[:"]/.test(head.text)),
  reader: context => readerByShape(head => (isErrataLines(head) ? errataReader(context) : osvReader('almalinux-errata', context))),
};

const isErrataLines = (text: string): boolean => /^\{"id":"AL[SBE]A-[^"]+","summary":"[^\n]*"fixed":\{"/.test(text);

function errataReader(context: FeedContext): FeedReader {
  let newest: string | null = null;
  return jsonLinesReader({
    wanted: text => text.startsWith('{"id":"ALSA-'),
    record(value, number, into) {
      const record = asObject(value);
      const advisoryId = vulnerabilityId(record.id);
      const statedOn = pastDay(record.modified, context.today);
      if (statedOn !== null && (newest === null || statedOn > newest)) newest = statedOn;
      const summary = optionalText(record, 'summary') ?? '';
      const severity = /^(Critical|Important|Moderate|Low): /.exec(summary)?.[1]?.toLowerCase() ?? null;
      const named = textsOf(record.cves);
      const ids = named.length === 0 ? [advisoryId] : named;
      for (const [ecosystem, packages] of Object.entries(asObject(record.fixed, 'fixed'))) {
        const release = parseRelease(ecosystem);
        if (!release.ok && context.releases === null) into.leaveOut(printable(ecosystem));
        if (!release.ok || (context.releases !== null && !context.releases.has(release.release))) continue;
        for (const [name, version] of Object.entries(asObject(packages)))
          into.guard(`line ${number} (${advisoryId} ${name})`, () => {
            const fixedVersion = orderableVersion(release.release, version);
            const module = streamOf(summary, fixedVersion);
            for (const id of ids) {
              const claim: Claim = {
                source: almalinuxErrata.id,
                vulnerabilityId: vulnerabilityId(id),
                aliases: [],
                release: release.release,
                packageName: packageName(name),
                state: 'fixed',
                fixedVersion,
                severity,
                statedOn,
                note: summary,
                advisoryId,
                ...(module === null ? {} : { module }),
              };
              into.add({ kind: 'claim', claim });
            }
          });
      }
    },
    dataDate: () => newest,
  });
}
