import type { Claim, FixState } from '../../../core/advisories/claim.ts';
import { debianRelease } from '../../../core/advisories/releases.ts';
import { jsonEntriesReader } from '../json-entries.ts';
import {
  asObject,
  BadRecord,
  type JsonObject,
  objectOrNull,
  optionalText,
  orderableVersion,
  packageName,
  printable,
  vulnerabilityId,
} from '../records.ts';
import type { AdvisorySource, FeedContext } from '../spec.ts';
import type { ItemCollector } from '../text-reader.ts';

/**
 * The Debian security tracker's own export: source package -> vulnerability -> release -> status. The export has already applied the tracker's rule that
 * a release's annotation beats the line of unstable, so each release stands for itself here.
 * Statuses: security-team.debian.org/security_tracker.html; `nodsa_reason`: `ignored` is never, `postponed` and '' are later.
 */
export const debianTracker: AdvisorySource = {
  id: 'debian-tracker',
  title: 'Debian security tracker',
  licence: 'MIT (tracker code); data without a stated licence',
  homepage: 'https://security-tracker.debian.org/',
  defaultUrl: 'https://security-tracker.debian.org/tracker/data/json',
  format: 'the tracker\'s JSON export: {"package": {"CVE-...": {"releases": {"bookworm": {"status": ...}}}}}',
  provides: 'claims',
  distributions: ['debian'],
  recognise: head => /^\s*\{\s*"[^"\s]+"\s*:\s*\{\s*"(?:CVE|TEMP)-[^"]+"\s*:\s*\{/.test(head.text),
  reader(context) {
    let packages = 0;
    const covered = new Set<string>();
    const reader = jsonEntriesReader({
      open: [],
      wanted: ({ key }) => packages++ < PACKAGES_READ_FOR_RELEASES || context.packages === null || context.packages.has(key),
      entry({ key: source }, value, into) {
        const name = packageName(source);
        if (context.packages !== null) {
          for (const release of releasesOf(value)) covered.add(release);
          if (!context.packages.has(name)) return;
        }
        for (const [id, record] of Object.entries(asObject(value, `package ${name}`)))
          into.guard(`${name} ${id}`, () => readVulnerability(name, vulnerabilityId(id), asObject(record), context, into));
      },
    });
    return { ...reader, covers: () => covered };
  },
};

/** A scan asks for some packages only: these many are opened all the same, to learn of which releases the export speaks. */
const PACKAGES_READ_FOR_RELEASES = 20;

function releasesOf(vulnerabilities: unknown): Set<string> {
  const releases = new Set<string>();
  for (const record of Object.values(objectOrNull(vulnerabilities) ?? {}))
    for (const codename of Object.keys(objectOrNull(objectOrNull(record)?.releases) ?? {})) {
      const release = debianRelease(codename);
      if (release !== null) releases.add(release);
    }
  return releases;
}

function readVulnerability(name: string, id: string, record: JsonObject, context: FeedContext, into: ItemCollector): void {
  const description = optionalText(record, 'description');
  for (const [codename, value] of Object.entries(asObject(record.releases, 'releases'))) {
    const release = debianRelease(codename);
    if (release === null && context.releases === null) into.leaveOut(printable(codename));
    if (release === null || (context.releases !== null && !context.releases.has(release))) continue;
    const fixed = objectOrNull(value)?.fixed_version;
    if (context.settled !== undefined && typeof fixed === 'string' && fixed !== '0' && context.settled(name, id, fixed)) continue;
    into.guard(`${name} ${id} ${codename}`, () =>
      into.add({ kind: 'claim', claim: readStatus(name, id, release, asObject(value), description) }),
    );
  }
}

function readStatus(name: string, id: string, release: string, status: JsonObject, description: string | null): Claim {
  const urgency = optionalText(status, 'urgency');
  const { state, fixedVersion } = fixOf(status, release, urgency);
  return {
    source: debianTracker.id,
    vulnerabilityId: id,
    aliases: [],
    release,
    packageName: name,
    state,
    fixedVersion,
    severity: urgency === 'not yet assigned' ? null : (urgency?.replace(/\*+$/, '') ?? null),
    statedOn: null,
    note: noteOf(status) ?? shortened(description),
  };
}

function fixOf(status: JsonObject, release: string, urgency: string | null): { state: FixState; fixedVersion: string | null } {
  switch (status.status) {
    case 'resolved': {
      if (status.fixed_version === '0') return { state: 'not-affected', fixedVersion: '0' };
      return { state: 'fixed', fixedVersion: orderableVersion(release, status.fixed_version) };
    }
    case 'open': {
      if (urgency === 'end-of-life') return { state: 'end-of-life', fixedVersion: null };
      if (status.nodsa === undefined) return { state: 'open', fixedVersion: null };
      return { state: status.nodsa_reason === 'ignored' ? 'wont-fix' : 'deferred', fixedVersion: null };
    }
    case 'undetermined':
      return { state: 'unknown', fixedVersion: null };
    default:
      throw new BadRecord(`status ${String(status.status)} is none of resolved, open, undetermined`);
  }
}

function noteOf(status: JsonObject): string | null {
  const words = optionalText(status, 'nodsa');
  if (words === null) return null;
  const reason = optionalText(status, 'nodsa_reason');
  return `no DSA${reason ? ` (${reason})` : ''}: ${words}`;
}

/** Descriptions are MITRE's, up to several thousand characters; a claim keeps what a person reads in a list. */
function shortened(description: string | null): string | null {
  if (description === null || description.length <= 200) return description;
  return `${description.slice(0, 199)}…`;
}
