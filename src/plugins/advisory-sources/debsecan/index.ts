import type { Claim } from '../../../core/advisories/claim.ts';
import { debianRelease } from '../../../core/advisories/releases.ts';
import { BadRecord, orderableVersion, packageName, printable, vulnerabilityId } from '../records.ts';
import type { AdvisorySource, FeedContext } from '../spec.ts';
import { feedFault, type ItemCollector, lineReader } from '../text-reader.ts';

/**
 * debsecan's format, "VERSION 1" (zlib): three blocks that end with an empty line. `name,flags,description` of vulnerabilities; then
 * `package,index,flags,unstable_version,other_versions` with flags = kind (S source, B binary), urgency, remote, F when a fix is in the release;
 * then source to binaries. Vulnerable is what is below unstable_version (any version when empty) and not among other_versions (debsecan 0.4.20.1,
 * Vulnerability.is_vulnerable). The release is the file's name, as in the publisher's URL: .../release/1/bookworm.
 */
export const debsecan: AdvisorySource = {
  id: 'debsecan',
  title: 'Debian security tracker, debsecan export',
  licence: 'data without a stated licence',
  homepage: 'https://security-tracker.debian.org/tracker/',
  defaultUrl: 'https://security-tracker.debian.org/tracker/debsecan/release/1/bookworm',
  format: 'debsecan "VERSION 1" text, zlib-compressed; the file name carries the codename (bookworm, debsecan-bookworm.zlib)',
  provides: 'claims',
  distributions: ['debian'],
  recognise: head => head.text.startsWith('VERSION 1\n'),
  releases: head => {
    const release = releaseOfFile(head.fileName);
    return release === null ? null : [release];
  },
  reader(context) {
    return debsecanReader(context);
  },
};

const URGENCY: Readonly<Record<string, string | null>> = { ' ': null, L: 'low', M: 'medium', H: 'high' };
const BLOCKS = 3;

function debsecanReader(context: FeedContext) {
  const release = releaseOfFile(context.fileName);
  if (release === null)
    throw feedFault(
      'feed-unreadable',
      `${context.fileName}: debsecan's format does not say which release it speaks of, and the file's name holds no Debian codename (rename it to bookworm, for example)`,
    );
  const names: string[] = [];
  const { settled } = context;
  let block = 0;
  let seen = false;
  const reader = lineReader({
    line(text, number, into) {
      if (number === 1) return;
      if (text === '') block++;
      else if (block === 0) names.push(text);
      else if (block === 1) {
        seen = true;
        if (isWanted(text, context.packages))
          into.guard(
            () => `line ${number}`,
            () => readStatement(text, release, names, settled, into),
          );
      } else if (block === 2 && context.binaries !== undefined) {
        const comma = text.indexOf(',');
        if (comma > 0)
          context.binaries(
            release,
            text.slice(0, comma),
            text
              .slice(comma + 1)
              .split(' ')
              .filter(Boolean),
          );
      }
    },
    end() {
      if (block < BLOCKS) throw feedFault('feed-truncated', `${context.fileName} ends in block ${block + 1} of ${BLOCKS}`);
    },
  });
  return { ...reader, covers: () => (seen ? [release] : []) };
}

/** A vulnerability's line is read when a statement refers to it: a host needs a fifth of them. */
function nameOf(line: string): readonly [id: string, description: string] {
  const nameEnd = line.indexOf(',');
  const flagsEnd = line.indexOf(',', nameEnd + 1);
  if (nameEnd < 0 || flagsEnd < 0) throw new BadRecord(`${printable(line)} is not name,flags,description`);
  return [vulnerabilityId(line.slice(0, nameEnd)), line.slice(flagsEnd + 1)];
}

function isWanted(text: string, packages: ReadonlySet<string> | null): boolean {
  return packages === null || packages.has(text.slice(0, text.indexOf(',')));
}

/** Fields are cut by hand and the claim is written as one literal: a host is scanned in less time than splitting 13,500 lines into arrays takes. */
function readStatement(
  text: string,
  release: string,
  names: readonly string[],
  settled: FeedContext['settled'],
  into: ItemCollector,
): void {
  const nameEnd = text.indexOf(',');
  const indexEnd = text.indexOf(',', nameEnd + 1);
  const flagsEnd = indexEnd + 5;
  const unstableEnd = text.indexOf(',', flagsEnd + 1);
  const name = text.slice(0, nameEnd);
  const index = text.slice(nameEnd + 1, indexEnd);
  const line = names[Number(index)];
  if (line === undefined)
    throw new BadRecord(`the statement about ${printable(name)} refers to vulnerability ${printable(index)}, which is not listed`);
  const kind = text[indexEnd + 1];
  if (nameEnd < 0 || indexEnd < 0 || unstableEnd < 0 || text[flagsEnd] !== ',' || (kind !== 'S' && kind !== 'B'))
    throw new BadRecord('the line is not package,index,flags,unstable_version,other_versions');
  const unstable = text.slice(flagsEnd + 1, unstableEnd);
  if (kind === 'S' && unstable !== '' && settled?.(name, line.slice(0, line.indexOf(',')), unstable)) return;
  const others = text.slice(unstableEnd + 1);
  const vulnerability = nameOf(line);
  const claim: Claim = {
    source: debsecan.id,
    vulnerabilityId: vulnerability[0],
    aliases: NO_ALIASES,
    release,
    packageName: packageName(name),
    state: unstable === '' ? 'open' : 'fixed',
    fixedVersion: unstable === '' ? null : orderableVersion(release, unstable),
    severity: URGENCY[text[indexEnd + 2]!] ?? null,
    statedOn: null,
    note: vulnerability[1] === '' ? null : vulnerability[1],
  };
  if (kind === 'B' || others !== '') into.add({ kind: 'claim', claim: withExceptions(claim, kind, others) });
  else into.add({ kind: 'claim', claim });
}

const NO_ALIASES: readonly string[] = [];

function withExceptions(claim: Claim, kind: string, others: string): Claim {
  const unaffectedVersions = others.split(' ').filter(version => version !== '');
  return {
    ...claim,
    ...(kind === 'B' ? { packageKind: 'binary' as const } : {}),
    ...(unaffectedVersions.length > 0 ? { unaffectedVersions } : {}),
  };
}

/** `bookworm`, `debsecan-bookworm.zlib`, `/x/release/1/bookworm` -> `debian:12`. */
export function releaseOfFile(fileName: string): string | null {
  const words = fileName
    .split('/')
    .at(-1)!
    .toLowerCase()
    .split(/[^a-z]+/);
  for (const word of words) {
    const release = word === '' ? null : debianRelease(word);
    if (release !== null) return release;
  }
  return null;
}
