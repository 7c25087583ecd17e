import { parseRelease } from '../../../core/advisories/releases.ts';
import { lookup } from '../../../core/kernel/lookup.ts';
import { childOf, type XmlElement } from '../xml-records.ts';

/** How publishers name their releases in `<release>`, in a collection or in the advisory's id. */
const NAMES: readonly (readonly [RegExp, (parts: RegExpExecArray) => string])[] = [
  [/Rocky ?Linux (\d+)/i, parts => `rocky:${parts[1]}`],
  [/AlmaLinux (\d+)/i, parts => `almalinux:${parts[1]}`],
  [/Amazon Linux (20\d\d|2)\b/i, parts => `amzn:${parts[1]}`],
  [/Oracle Linux (\d+)/i, parts => `ol:${parts[1]}`],
  [/Red Hat Enterprise Linux[^\d]*(\d+)/i, parts => `rhel:${parts[1]}`],
  [/Fedora (\d+)/i, parts => `fedora:${parts[1]}`],
  [/openSUSE Leap (\d+\.\d+)/i, parts => `opensuse-leap:${parts[1]}`],
  [/openSUSE Tumbleweed/i, () => 'opensuse-tumbleweed'],
  [/SUSE Linux Enterprise .*?(\d+)(?: SP(\d+))?$/i, parts => `sles:${parts[1]}${parts[2] === undefined ? '' : `.${parts[2]}`}`],
];

/** Amazon's ids name the release: ALAS2023-2023-001, ALAS2-2018-939, ALAS2LIVEPATCH-2021-064; plain ALAS is the first Amazon Linux. Extras of Amazon Linux 2 go without the number (ALASDOCKER-2022-016), but every build carries it. */
const AMAZON_ID = /^ALAS(2023|2)?(?:[A-Z][A-Z.\d]*)?-/;
const AMAZON_BUILD = /\.amzn(\d+)/;
const ID_DISTRIBUTIONS: Readonly<Record<string, string>> = lookup({ RLSA: 'rocky', ALSA: 'almalinux', RHSA: 'rhel', ELSA: 'ol' });

export function releaseOfUpdate(advisoryId: string, update: XmlElement, collection: XmlElement, one: XmlElement): string | null {
  const amazon = AMAZON_ID.exec(advisoryId);
  if (advisoryId.startsWith('ALAS')) {
    const build = AMAZON_BUILD.exec(one.attributes.get('release') ?? '')?.[1];
    const number = build ?? amazon?.[1] ?? (amazon === null ? null : '2018');
    return number === null ? null : `amzn:${number === '1' ? '2018' : number}`;
  }
  const texts = [childOf(update, 'release')?.text, childOf(collection, 'name')?.text, collection.attributes.get('short')];
  for (const text of texts)
    for (const [pattern, release] of NAMES) {
      const parts = pattern.exec(text ?? '');
      const parsed = parts === null ? null : parseRelease(release(parts));
      if (parsed?.ok) return parsed.release;
    }
  // A mirror's collection may be called anything; the distribution's tag stands in every build.
  const distribution = ID_DISTRIBUTIONS[advisoryId.slice(0, 4)];
  const tag = /\.(?:el|module\+el)(\d+)/.exec(one.attributes.get('release') ?? '')?.[1];
  return distribution === undefined || tag === undefined ? null : `${distribution}:${tag}`;
}
