import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Instant } from '../core/kernel/instants.ts';
import { Random } from '../sim/random.ts';
import { CODENAMES, RELEASES, type Release, type SourceLine } from './archive.ts';
import { type Flaw, FlawNumbers, flawOf } from './flaws.ts';

export const OWN_AUTHOR = 'Northwind security team';

/** Feed files in the publishers' own formats, as they would have stood on a day of the story; all of it made up. */
export function writeFeeds(folder: string, archive: ReadonlyMap<Release, readonly SourceLine[]>, today: Instant): void {
  mkdirSync(folder, { recursive: true });
  const notices = noticesOf(archive, today);
  const flaws = [...new Map(notices.flatMap(notice => notice.flaws.map(flaw => [flaw.id, flaw] as const))).values()];
  const open = openOnes(archive, today);
  const all = [...flaws, ...open.map(one => one.flaw)];
  const day = today.slice(0, 10);
  const write = (name: string, text: string) => writeFileSync(path.join(folder, name), text);
  write(
    'debian-notices.jsonl',
    lines(notices.map(({ id, date, pkg, fixed, flaws: named }) => ({ id, date, pkg, cves: named.map(flaw => flaw.id), fixed }))),
  );
  write('debian-tracker.json', JSON.stringify(trackerOf(open)));
  write('known-exploited.json', JSON.stringify(kevOf(all, day)));
  write('vulnrichment.jsonl', lines(all.map(enrichedOf)));
  write('epss.csv', [`#model_version:demo,score_date:${day}T00:00:00+0000`, 'cve,epss,percentile', ...all.map(epssRow), ''].join('\n'));
  write('own-verdicts.openvex.json', JSON.stringify(verdictsOf(archive, flaws, today)));
  write('support-periods.jsonl', `${JSON.stringify(SUPPORT)}\n`);
}

interface Notice {
  readonly id: string;
  readonly date: string;
  readonly pkg: string;
  readonly fixed: Record<string, Record<string, string>>;
  readonly flaws: readonly Flaw[];
}

function noticesOf(archive: ReadonlyMap<Release, readonly SourceLine[]>, today: Instant): Notice[] {
  const notices = new Map<string, Notice>();
  for (const release of RELEASES)
    for (const { source, publications } of archive.get(release)!)
      for (const { advisoryId, at, sourceVersion, flaws } of publications) {
        if (advisoryId === null || at > today) continue;
        const pkg = publishedName(source);
        const notice = notices.get(advisoryId) ?? { id: advisoryId, date: at.slice(0, 10), pkg, fixed: {}, flaws };
        notice.fixed[CODENAMES[release]] = { [pkg]: sourceVersion };
        notices.set(advisoryId, notice);
      }
  return [...notices.values()].sort((a, b) => (a.date < b.date ? -1 : 1));
}

/** Advisories name the source that was signed (core/advisories/kernel-names.ts). */
function publishedName(source: string): string {
  return source === 'linux-signed-amd64' ? 'linux' : source;
}

interface OpenFlaw {
  readonly source: string;
  readonly flaw: Flaw;
  readonly answer: Readonly<Record<string, string>>;
}

const ANSWERS: readonly Readonly<Record<string, string>>[] = [
  { urgency: 'not yet assigned' },
  { urgency: 'not yet assigned' },
  { urgency: 'low', nodsa: 'Minor issue', nodsa_reason: 'postponed' },
  { urgency: 'unimportant', nodsa: 'Needs a configuration that nobody ships', nodsa_reason: 'ignored' },
];

/** What nobody has fixed yet: some sources have one or two, so that waiting for the vendor is seen as well. */
function openOnes(archive: ReadonlyMap<Release, readonly SourceLine[]>, today: Instant): OpenFlaw[] {
  const random = new Random(4711);
  const numbers = new FlawNumbers(980_001);
  return archive.get('12')!.flatMap(({ source }, at): OpenFlaw[] => {
    if (at % 3 !== 1) return [];
    const flaw = { ...flawOf(source, today, random, numbers), knownExploited: false, exploitation: 'none' as const };
    return [{ source: publishedName(source), flaw, answer: ANSWERS[at % ANSWERS.length]! }];
  });
}

function trackerOf(open: readonly OpenFlaw[]): Record<string, Record<string, object>> {
  const tracker: Record<string, Record<string, object>> = {};
  for (const { source, flaw, answer } of open) {
    const releases = Object.fromEntries(RELEASES.map(release => [CODENAMES[release], { status: 'open', repositories: {}, ...answer }]));
    (tracker[source] ??= {})[flaw.id] = { description: flaw.title, releases };
  }
  return tracker;
}

function kevOf(flaws: readonly Flaw[], day: string) {
  return {
    catalogVersion: 'demo',
    dateReleased: `${day}T00:00:00.0000Z`,
    vulnerabilities: flaws
      .filter(flaw => flaw.knownExploited)
      .map((flaw, at) => ({
        cveID: flaw.id,
        vulnerabilityName: flaw.title,
        dateAdded: flaw.publishedOn,
        dueDate: flaw.publishedOn,
        knownRansomwareCampaignUse: at % 3 === 0 ? 'Known' : 'Unknown',
      })),
  };
}

function enrichedOf(flaw: Flaw) {
  return {
    cve: flaw.id,
    published: flaw.publishedOn,
    updated: flaw.publishedOn,
    title: flaw.title,
    ssvc: { e: flaw.exploitation, a: flaw.automatable, t: flaw.impact, ts: flaw.publishedOn, v: '2.0.3' },
    cvss: [['cna', flaw.vector]],
  };
}

function epssRow(flaw: Flaw): string {
  return `${flaw.id},${flaw.epss},${Math.min(0.99999, 1 - (1 - flaw.epss) ** 12).toFixed(5)}`;
}

/** The company's own word on two of them: its builds do not use what is vulnerable. */
function verdictsOf(archive: ReadonlyMap<Release, readonly SourceLine[]>, flaws: readonly Flaw[], today: Instant) {
  const sources = ['sudo', 'rsync', 'perl'];
  const statements = archive.get('12')!.flatMap(({ source, publications }) => {
    const last = publications.findLast(one => one.flaws.some(flaw => flaws.includes(flaw) && !flaw.knownExploited));
    if (!sources.includes(source) || last === undefined) return [];
    return [
      {
        vulnerability: { name: last.flaws.find(flaw => !flaw.knownExploited)!.id },
        products: [{ '@id': `pkg:deb/debian/${source}?arch=source&distro=debian-12` }],
        status: 'not_affected',
        justification: 'vulnerable_code_not_in_execute_path',
        impact_statement: 'The option that leads there is switched off in our configuration management.',
        timestamp: today,
      },
    ];
  });
  return {
    '@context': 'https://openvex.dev/ns/v0.2.0',
    '@id': 'https://northwind.example/vex/1',
    author: OWN_AUTHOR,
    timestamp: today,
    version: 1,
    statements,
  };
}

const SUPPORT = {
  product: 'debian',
  title: 'Debian',
  releases: [
    { releaseCycle: '13', codename: 'Trixie', releaseDate: '2025-08-09', eol: '2028-08-09', eoes: '2030-06-30' },
    { releaseCycle: '12', codename: 'Bookworm', releaseDate: '2023-06-10', eol: '2026-06-10', eoes: '2028-06-30' },
    { releaseCycle: '11', codename: 'Bullseye', releaseDate: '2021-08-14', eol: '2024-08-14', eoes: '2026-08-31' },
  ],
};

function lines(rows: readonly object[]): string {
  return `${rows.map(row => JSON.stringify(row)).join('\n')}\n`;
}
