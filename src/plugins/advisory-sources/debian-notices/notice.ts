import type { FixState } from '../../../core/advisories/claim.ts';
import { debianRelease } from '../../../core/advisories/releases.ts';
import { lookup } from '../../../core/kernel/lookup.ts';
import { BadRecord, orderableVersion, packageName, printable, vulnerabilityId } from '../records.ts';
import type { FeedContext } from '../spec.ts';
import type { ItemCollector } from '../text-reader.ts';

export interface Notice {
  readonly id: string;
  readonly statedOn: string | null;
  readonly cves: readonly string[];
  readonly note: string | null;
  readonly fixes: readonly { readonly codename: string; readonly name: string; readonly version: unknown }[];
}

/** A notice without a CVE is a vulnerability of its own (about one in twenty, mostly old); with them it names them all. */
export function claimsOfNotice(notice: Notice, { releases }: FeedContext, into: ItemCollector, where: string): void {
  const advisoryId = vulnerabilityId(notice.id);
  const ids = notice.cves.length === 0 ? [advisoryId] : notice.cves;
  for (const { codename, name, version } of notice.fixes) {
    const release = debianRelease(codename);
    if (release === null && releases === null) into.leaveOut(printable(codename));
    if (release === null || (releases !== null && !releases.has(release))) continue;
    into.guard(`${where} (${advisoryId} ${name})`, () => {
      const fix = fixOf(version, release);
      for (const id of ids)
        into.add({
          kind: 'claim',
          claim: {
            source: 'debian-notices',
            vulnerabilityId: vulnerabilityId(id),
            aliases: [],
            release,
            packageName: packageName(name),
            ...fix,
            severity: null,
            statedOn: notice.statedOn,
            note: notice.note,
            advisoryId,
          },
        });
    });
  }
}

const WORDS: Readonly<Record<string, FixState>> = lookup({
  '<not-affected>': 'not-affected',
  '<end-of-life>': 'end-of-life',
  '<unfixed>': 'open',
  '<undetermined>': 'unknown',
});

function fixOf(version: unknown, release: string): { state: FixState; fixedVersion: string | null } {
  if (typeof version === 'string' && version.startsWith('<')) {
    const state = WORDS[version];
    if (state === undefined) throw new BadRecord(`${version} is not one of ${Object.keys(WORDS).join(', ')}`);
    return { state, fixedVersion: state === 'not-affected' ? '0' : null };
  }
  return { state: 'fixed', fixedVersion: orderableVersion(release, version) };
}
