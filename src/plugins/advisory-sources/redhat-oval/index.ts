import type { Claim, FixState } from '../../../core/advisories/claim.ts';
import { lookup } from '../../../core/kernel/lookup.ts';
import { orderableVersion, packageName, pastDay, printable, vulnerabilityId } from '../records.ts';
import type { AdvisorySource, FeedContext, FeedReader } from '../spec.ts';
import type { ItemCollector } from '../text-reader.ts';
import { childOf, childrenOf, type XmlElement, xmlRecordsReader } from '../xml-records.ts';

/**
 * Red Hat's OVAL v2 (one file a release; `-including-unpatched` has the flaws without a fix as well). What a definition tests stands in the comments of
 * its criteria, in words that the publisher's generator has never varied; the tests, objects and states behind them say the same in ten times the bytes.
 */
export const redhatOval: AdvisorySource = {
  id: 'redhat-oval',
  title: 'Red Hat OVAL v2',
  licence: 'CC-BY-4.0',
  homepage: 'https://security.access.redhat.com/data/oval/v2/',
  // One release a file: give the URL of another for other fleets.
  defaultUrl: 'https://security.access.redhat.com/data/oval/v2/RHEL9/rhel-9.oval.xml.bz2',
  format: '<oval_definitions> of Red Hat: <definition class="patch|vulnerability"><metadata/><criteria/>',
  provides: 'claims',
  distributions: ['rhel'],
  recognise: head => /<oval_definitions\s/.test(head.text) && /Red Hat OVAL|oval:com\.redhat\./.test(head.text),
  reader: ovalReader,
};

function ovalReader(context: FeedContext): FeedReader {
  let newest: string | null = null;
  return xmlRecordsReader({
    record: 'definition',
    root: 'oval_definitions',
    element(definition, into) {
      const advisory = childOf(childOf(definition, 'metadata'), 'advisory');
      const statedOn = pastDay((childOf(advisory, 'updated') ?? childOf(advisory, 'issued'))?.attributes.get('date'), context.today);
      if (statedOn !== null && (newest === null || statedOn > newest)) newest = statedOn;
      readDefinition(definition, advisory, statedOn, context, into);
    },
    dataDate: () => newest,
  });
}

/** What Red Hat calls the state of an unfixed flaw. */
const RESOLUTIONS: Readonly<Record<string, FixState>> = lookup({
  affected: 'open',
  'under investigation': 'unknown',
  'fix deferred': 'deferred',
  'will not fix': 'wont-fix',
  'out of support scope': 'end-of-life',
  'not affected': 'not-affected',
});

function readDefinition(
  definition: XmlElement,
  advisory: XmlElement | undefined,
  statedOn: string | null,
  context: FeedContext,
  into: ItemCollector,
): void {
  const metadata = childOf(definition, 'metadata');
  const release = releaseOf(metadata, advisory);
  if (release === null || (context.releases !== null && !context.releases.has(release))) return;
  const title = childOf(metadata, 'title')?.text ?? '';
  const notice = childrenOf(metadata, 'reference').find(reference => reference.attributes.get('source') === 'RHSA');
  const cves = childrenOf(advisory, 'cve');
  const named = cves.length > 0 ? cves.map(cve => cve.text) : [/CVE-\d{4}-\d{4,}/.exec(title)?.[0] ?? notice?.attributes.get('ref_id')];
  const ids = [...new Set(named.map(vulnerabilityId))];
  const severity = childOf(advisory, 'severity')?.text.toLowerCase() ?? '';
  const about = {
    source: redhatOval.id,
    aliases: [],
    release,
    severity: severity === '' || severity === 'none' ? null : severity,
    statedOn,
    note: title === '' ? null : title,
    ...(notice?.attributes.has('ref_id') ? { advisoryId: notice.attributes.get('ref_id')! } : {}),
  };
  const add = (claim: Pick<Claim, 'packageName' | 'state' | 'fixedVersion' | 'module'>): void => {
    for (const id of ids) into.add({ kind: 'claim', claim: { ...about, ...claim, vulnerabilityId: id } });
  };
  for (const { name, version, module } of fixedIn(definition, null))
    into.guard(`${about.advisoryId ?? title.slice(0, 40)} ${printable(name)}`, () =>
      add({
        packageName: packageName(name),
        state: 'fixed',
        fixedVersion: orderableVersion(release, version),
        ...(module === null ? {} : { module }),
      }),
    );
  for (const resolution of childrenOf(childOf(advisory, 'affected'), 'resolution')) {
    const state = RESOLUTIONS[resolution.attributes.get('state')?.toLowerCase() ?? ''];
    for (const component of state === undefined ? [] : childrenOf(resolution, 'component'))
      into.guard(`${ids[0]} ${printable(component.text)}`, () => {
        // `nodejs:18/nodejs`: a component of a module stream.
        const [stream, inModule] = component.text.split('/', 2);
        const [module, name] = inModule === undefined ? [null, stream] : [stream!, inModule];
        const fixedVersion = state === 'not-affected' ? '0' : null;
        add({ packageName: packageName(name), state: state!, fixedVersion, ...(module === null ? {} : { module }) });
      });
  }
}

/** Only the main stream: EUS, AUS and their kin are releases of their own. */
function releaseOf(metadata: XmlElement | undefined, advisory: XmlElement | undefined): string | null {
  const cpes = childrenOf(childOf(advisory, 'affected_cpe_list'), 'cpe').map(cpe => cpe.text);
  if (cpes.length > 0 && !cpes.some(cpe => /^cpe:\/[ao]:redhat:enterprise_linux:/.test(cpe))) return null;
  const platforms = childrenOf(childOf(metadata, 'affected'), 'platform').map(platform => platform.text);
  const version = platforms.map(platform => /^Red Hat Enterprise Linux (\d+)$/.exec(platform)?.[1]).find(found => found !== undefined);
  const byCpe = cpes.map(cpe => /enterprise_linux:(\d+)/.exec(cpe)?.[1]).find(found => found !== undefined);
  const number = version ?? byCpe;
  return number === undefined ? null : `rhel:${number}`;
}

interface Fixed {
  readonly name: string;
  readonly version: string;
  readonly module: string | null;
}

/** "NAME is earlier than EPOCH:VERSION-RELEASE", below the "Module NAME:STREAM is enabled" that stands beside it. */
function* fixedIn(criteria: XmlElement, module: string | null): Iterable<Fixed> {
  const comments = childrenOf(criteria, 'criterion').map(one => one.attributes.get('comment') ?? '');
  const enabled = comments.map(comment => /^Module (\S+:\S+) is enabled$/.exec(comment)?.[1]).find(found => found !== undefined) ?? module;
  for (const comment of comments) {
    const parts = /^(\S+) is earlier than (\S+)$/.exec(comment);
    if (parts !== null) yield { name: parts[1]!, version: parts[2]!, module: enabled };
  }
  for (const inner of childrenOf(criteria, 'criteria')) yield* fixedIn(inner, enabled);
}
