import type { Claim, FixState } from '../../../core/advisories/claim.ts';
import { debianCodenames, debianRelease } from '../../../core/advisories/releases.ts';
import { asObject, BadRecord, orderableVersion, packageName, pastDay, requiredText, textsOf, vulnerabilityId } from '../records.ts';
import type { AdvisorySource } from '../spec.ts';
import { jsonLinesReader } from '../text-reader.ts';

/** Debian security advisories (DSA) and those of long-term support (DLA): one notice, several vulnerabilities, fixed versions by release. */
export const debianNotices: AdvisorySource = {
  id: 'debian-notices',
  title: 'Debian security advisories (DSA, DLA)',
  licence: 'data without a stated licence',
  homepage: 'https://www.debian.org/security/',
  defaultUrl: null,
  format: 'JSON lines {"id":"DSA-...", "date", "pkg", "cves":[], "fixed":{codename:{package:version}}}',
  provides: 'claims',
  distributions: ['debian'],
  recognise: head => /^\{"id":"D[SLT]A-[^"]+","date":"/.test(head.text),
  reader(context) {
    let newest: string | null = null;
    const { releases } = context;
    const codenames = releases === null ? null : debianCodenames(releases).map(codename => `"${codename}":`);
    return jsonLinesReader({
      wanted: text => codenames === null || codenames.some(codename => text.includes(codename)),
      record(value, number, into) {
        const record = asObject(value);
        const advisoryId = vulnerabilityId(requiredText(record, 'id'));
        const statedOn = pastDay(record.date, context.today);
        if (statedOn !== null && (newest === null || statedOn > newest)) newest = statedOn;
        // A notice without a CVE is a vulnerability of its own (about one in twenty, mostly old); with them it names them all.
        const named = textsOf(record.cves);
        const ids = named.length === 0 ? [advisoryId] : named;
        for (const [codename, packages] of Object.entries(asObject(record.fixed, 'fixed'))) {
          const release = debianRelease(codename);
          if (release === null || (context.releases !== null && !context.releases.has(release))) continue;
          for (const [name, version] of Object.entries(asObject(packages)))
            into.guard(`line ${number} (${advisoryId} ${name})`, () => {
              const fix = fixOf(version, release);
              for (const id of ids) {
                const claim: Claim = {
                  source: debianNotices.id,
                  vulnerabilityId: vulnerabilityId(id),
                  aliases: [],
                  release,
                  packageName: packageName(name),
                  ...fix,
                  severity: null,
                  statedOn,
                  note: typeof record.title === 'string' ? record.title : null,
                  advisoryId,
                };
                into.add({ kind: 'claim', claim });
              }
            });
        }
      },
      dataDate: () => newest,
    });
  },
};

const WORDS: Readonly<Record<string, FixState>> = {
  '<not-affected>': 'not-affected',
  '<end-of-life>': 'end-of-life',
  '<unfixed>': 'open',
  '<undetermined>': 'undetermined',
};

function fixOf(version: unknown, release: string): { state: FixState; fixedVersion: string | null } {
  if (typeof version === 'string' && version.startsWith('<')) {
    const state = WORDS[version];
    if (state === undefined) throw new BadRecord(`${version} is not one of ${Object.keys(WORDS).join(', ')}`);
    return { state, fixedVersion: state === 'not-affected' ? '0' : null };
  }
  return { state: 'fixed', fixedVersion: orderableVersion(release, version) };
}
