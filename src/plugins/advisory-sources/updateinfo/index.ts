import type { Claim } from '../../../core/advisories/claim.ts';
import { BadRecord, orderableVersion, packageName, pastDay, printable, vulnerabilityId } from '../records.ts';
import type { AdvisorySource, FeedContext, FeedHead, FeedReader } from '../spec.ts';
import type { ItemCollector } from '../text-reader.ts';
import { childOf, childrenOf, type XmlElement, xmlRecordsReader } from '../xml-records.ts';
import { releaseOfUpdate } from './releases.ts';

const FORMAT = 'repodata/updateinfo.xml: <updates><update type="security"><id/><references/><pkglist><collection><module/><package/>';
const isUpdateinfo = (head: FeedHead): boolean => /<updates>\s*(?:<!--[^>]*-->\s*)*<update /.test(head.text);
const hasId = (head: FeedHead, id: RegExp): boolean => isUpdateinfo(head) && id.test(/<id>\s*([^<]+)/.exec(head.text)?.[1] ?? '');
const AMAZON = /^ALAS/;
const ROCKY = /^RL[SBE]A/;

/** Errata as rpm repositories carry them: binary packages with epoch, version and release, and the module stream that they belong to. */
export const amazonUpdateinfo: AdvisorySource = {
  id: 'amazon-updateinfo',
  title: 'Amazon Linux security updates',
  licence: 'as Amazon states',
  homepage: 'https://alas.aws.amazon.com/',
  // The repository stands under an id that its mirror list names anew with every release of the distribution.
  defaultUrl: ['al2023/core/mirrors/latest', '2/core/latest']
    .map(name => `https://cdn.amazonlinux.com/${name}/x86_64/mirror.list`)
    .join(' '),
  beside: ['.asc'],
  format: FORMAT,
  provides: 'claims',
  distributions: ['amzn'],
  recognise: head => hasId(head, AMAZON),
  reader: context => updateinfoReader('amazon-updateinfo', context),
};

export const rockyUpdateinfo: AdvisorySource = {
  id: 'rocky-updateinfo',
  title: 'Rocky Linux errata',
  licence: 'as the Rocky Enterprise Software Foundation states',
  homepage: 'https://errata.rockylinux.org/',
  // A repository each, for every release in support.
  defaultUrl: [8, 9]
    .flatMap(release =>
      ['BaseOS', 'AppStream'].map(name => `https://download.rockylinux.org/pub/rocky/${release}/${name}/x86_64/os/repodata/repomd.xml`),
    )
    .join(' '),
  beside: ['.asc'],
  format: FORMAT,
  provides: 'claims',
  distributions: ['rocky'],
  recognise: head => hasId(head, ROCKY),
  reader: context => updateinfoReader('rocky-updateinfo', context),
};

/** Of any other rpm repository: Fedora, Oracle Linux, openSUSE, a site's own mirror of Red Hat. */
export const updateinfo: AdvisorySource = {
  id: 'updateinfo',
  title: 'Errata of rpm repositories',
  licence: 'as the publisher states',
  homepage: 'https://createrepo-c.dnf.io/',
  defaultUrl: null,
  beside: ['.asc'],
  format: FORMAT,
  provides: 'claims',
  distributions: ['fedora', 'ol', 'rhel', 'almalinux', 'centos', 'opensuse-leap', 'opensuse-tumbleweed', 'sles'],
  recognise: head => isUpdateinfo(head) && !hasId(head, AMAZON) && !hasId(head, ROCKY),
  reader: context => updateinfoReader('updateinfo', context),
};

function updateinfoReader(source: string, context: FeedContext): FeedReader {
  let newest: string | null = null;
  return xmlRecordsReader({
    record: 'update',
    root: 'updates',
    element(update, into) {
      if (update.attributes.get('type') !== 'security') return;
      const statedOn = [childOf(update, 'updated'), childOf(update, 'issued')]
        .map(element => pastDay(element?.attributes.get('date'), context.today))
        .filter(day => day !== null)
        .sort()
        .at(-1);
      if (statedOn !== undefined && (newest === null || statedOn > newest)) newest = statedOn;
      readUpdate(update, source, statedOn ?? null, context, into);
    },
    dataDate: () => newest,
  });
}

function readUpdate(update: XmlElement, source: string, statedOn: string | null, context: FeedContext, into: ItemCollector): void {
  const advisoryId = vulnerabilityId(childOf(update, 'id')?.text);
  const named = childrenOf(childOf(update, 'references'), 'reference').flatMap(reference => {
    const id = reference.attributes.get('id') ?? '';
    if (reference.attributes.get('type') === 'cve' || id.startsWith('CVE-')) return [id];
    // Fedora refers to bugs, whose titles begin with the vulnerabilities that they are about.
    return /^(?:CVE-\d{4}-\d{4,},? ?)+/.exec(reference.attributes.get('title') ?? '')?.[0].match(/CVE-\d{4}-\d+/g) ?? [];
  });
  const ids = [...new Set(named.length === 0 ? [advisoryId] : named.map(vulnerabilityId))];
  const severity = childOf(update, 'severity')?.text.toLowerCase() ?? '';
  const title = childOf(update, 'title')?.text ?? '';
  const about = {
    source,
    aliases: [],
    state: 'fixed' as const,
    severity: severity === '' || severity === 'none' ? null : severity,
    statedOn,
    note: title === '' ? null : title,
    advisoryId,
  };
  // One build for each architecture is one statement.
  const seen = new Set<string>();
  for (const collection of childrenOf(childOf(update, 'pkglist'), 'collection'))
    for (const one of childrenOf(collection, 'package'))
      into.guard(`${advisoryId} ${printable(one.attributes.get('name') ?? '')}`, () => {
        const release = releaseOfUpdate(advisoryId, update, collection, one);
        if (release === null) throw new BadRecord('it does not say for which release it is');
        if (context.releases !== null && !context.releases.has(release)) return;
        if (one.attributes.get('arch') === 'src') return;
        const fixedVersion = orderableVersion(release, versionOf(one));
        const build = {
          ...about,
          release,
          packageName: packageName(one.attributes.get('name')),
          fixedVersion,
          ...moduleOf(collection, fixedVersion),
        };
        const key = `${release} ${build.packageName} ${fixedVersion} ${build.module}`;
        if (seen.has(key)) return;
        seen.add(key);
        for (const id of ids) into.add({ kind: 'claim', claim: { ...build, vulnerabilityId: id } satisfies Claim });
      });
}

function versionOf({ attributes }: XmlElement): string {
  const [version, release] = [attributes.get('version'), attributes.get('release')];
  if (version === undefined || version === '' || release === undefined || release === '')
    throw new BadRecord('its version or release is missing');
  const epoch = attributes.get('epoch') ?? '0';
  if (!/^\d+$/.test(epoch)) throw new BadRecord(`its epoch ${printable(epoch)} is no number`);
  return `${epoch}:${version}-${release}`;
}

/** A collection with a module may hold packages of none: only those whose release carries the module's mark belong to it. */
function moduleOf(collection: XmlElement, version: string): { module?: string } {
  const module = childOf(collection, 'module');
  const [name, stream] = [module?.attributes.get('name'), module?.attributes.get('stream')];
  return name === undefined || stream === undefined || !version.includes('.module') ? {} : { module: `${name}:${stream}` };
}
