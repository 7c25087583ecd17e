import { advisorySource } from '../../core/advisories/kernel-names.ts';
import { CPE_RELEASE } from '../../core/advisories/releases.ts';
import type { Match } from '../../core/findings/finding.ts';
import { Fault } from '../../core/kernel/faults.ts';
import { productOf } from '../../core/versions/cpe.ts';
import {
  type ExportContext,
  type Exporter,
  type FindingBlock,
  hiddenReason,
  type NamedVulnerability,
} from '../../plugins/exporters/spec.ts';
import { DocumentId } from './document-id.ts';
import { Output } from './output.ts';
import { hostNames, InputError, inputsOf, readHost, type ScannedHost } from './scan-hosts.ts';
import { cpeProductsOf, Lookups } from './scan-lookup.ts';
import { ScanMatcher } from './scan-matcher.ts';
import { EXIT, type FailOn, type Format, parseScanOptions, SCAN_HELP, type ScanOptions } from './scan-options.ts';
import type { LoadedFeeds, ScanPorts, ThisHost } from './scan-ports.ts';
import { lacksSources, SourceNames } from './scan-sources.ts';
import { ScanTable } from './scan-table.ts';
import { warningsAbout } from './scan-warnings.ts';

/** `fettle scan`: lists in, findings out. Returns the exit code. */
export async function scan(argv: readonly string[], ports: ScanPorts): Promise<number> {
  const parsed = parseScanOptions(argv, ports.now().slice(0, 10));
  if (parsed.kind === 'help') {
    new Output(ports.outFd).write(SCAN_HELP);
    return EXIT.clean;
  }
  if (parsed.kind === 'problem') {
    ports.err(`fettle scan: ${parsed.problem}\nSee fettle scan --help.\n`);
    return EXIT.usage;
  }
  try {
    return await run(parsed.options, ports);
  } catch (problem) {
    if (problem instanceof InputError) {
      ports.err(`fettle scan: ${problem.message}\n`);
      return EXIT.usage;
    }
    if (problem instanceof Fault) {
      ports.err(`fettle scan: ${problem.message}\n${problem.advice}\n`);
      return EXIT.feed;
    }
    // A full disk, say: 1 would mean that something was found.
    if (problem instanceof Error && 'syscall' in problem) {
      ports.err(`fettle scan: ${problem.message}\n`);
      return EXIT.usage;
    }
    throw problem;
  }
}

const NO_FEED = `no advisory feed was named, and none is in place.
Name one with --feed PATH (a file, or a folder of files), or set FETTLE_FEEDS. Feeds that fit:
  Debian   https://security-tracker.debian.org/tracker/data/json
           https://security-tracker.debian.org/tracker/debsecan/release/1/bookworm (keep the file's name)
  others   OSV records or zips (https://osv-vulnerabilities.storage.googleapis.com/), and the publishers' own formats
`;

async function run(options: ScanOptions, ports: ScanPorts): Promise<number> {
  const inputs = inputsOf(options);
  const names = hostNames(inputs);
  const locations = options.feeds.length > 0 ? options.feeds : ports.defaultFeeds;
  if (locations.length === 0) {
    ports.err(`fettle scan: ${NO_FEED}`);
    return EXIT.usage;
  }
  // Lists that name their own releases are all read before the feeds, to know which files to open; a fleet under one --os is read one by one.
  const thisHost = options.local ? await ports.thisHost() : null;
  const early =
    inputs.length === 1 || options.release === null
      ? [...readHosts(inputs, names, options, ports, thisHost)]
      : [...readHosts(inputs.slice(0, 1), names, options, ports, thisHost)];
  const known = early.filter(host => host !== null);
  if (inputs.length === 1 && known.length === 0) return EXIT.usage;
  const releases = new Set(known.flatMap(host => [host.release, ...host.packages.flatMap(one => one.release ?? [])]));
  const cpeProducts = cpeProductsOf(known);
  if (cpeProducts.size > 0) releases.add(CPE_RELEASE);
  if (options.release !== null) releases.add(options.release);
  const isAlone = inputs.length === 1;
  const wantsSourceNames = !isAlone || lacksSources(known[0]!);
  const loaded = await ports.loadFeeds({
    locations,
    today: options.today,
    releases,
    trustedAuthors: options.trustedAuthors,
    ...(isAlone && !wantsSourceNames ? wantedOf(known[0]!) : { packages: null, installed: null }),
    wantsSourceNames,
    useCache: options.useCache,
    ...(cpeProducts.size > 0 ? { cpeProducts } : {}),
    ...(thisHost === null ? {} : { claims: thisHost.changelogClaims(known[0]!.packages, known[0]!.release, options.today) }),
  });
  for (const problem of loaded.problems) ports.err(`fettle scan: feed problem: ${problem}\n`);
  const covered = [...releases].filter(release => loaded.covered.has(release));
  if (covered.length === 0) return reportNothingKnown([...releases], locations, loaded, ports);
  if (options.failOn === 'known-exploited' && !loaded.hasKnownExploited) {
    ports.err(`fettle scan: --fail-on known-exploited needs a KEV feed, and none was read from ${locations.join(', ')}\n`);
    return EXIT.feed;
  }
  warnAboutFeeds(loaded, options, ports);
  const exporter = options.format === 'table' ? null : await ports.exporter(options.format);
  const later = early.length < inputs.length ? readHosts(inputs.slice(early.length), names, options, ports, thisHost) : [];
  const lookups = new Lookups(loaded.covered, cpeProducts);
  const outcome = writeFindings([early, later], loaded, lookups, exporter, options, ports);
  if (loaded.problems.length > 0 || outcome.uncovered) return EXIT.feed;
  if (outcome.badInput) return EXIT.usage;
  return outcome.failing ? EXIT.found : EXIT.clean;
}

/** null for a list that cannot be used: it is said, and does not stop the others. */
function* readHosts(
  inputs: readonly string[],
  names: ReadonlyMap<string, string>,
  options: ScanOptions,
  ports: ScanPorts,
  thisHost: ThisHost | null,
): Iterable<ScannedHost | null> {
  for (const input of inputs) {
    try {
      const host = readHost(input, names.get(input)!, options, ports.recogniseList, thisHost);
      for (const warning of host.warnings) ports.err(`fettle scan: ${host.origin}: ${warning}\n`);
      yield host;
    } catch (problem) {
      if (!(problem instanceof InputError)) throw problem;
      ports.err(`fettle scan: ${problem.message}\n`);
      yield null;
    }
  }
}

/** One host has a tenth of a release's packages: statements about others, and those whose fix it has, are passed over. */
function wantedOf(host: ScannedHost): { packages: ReadonlySet<string>; installed: ReadonlyMap<string, readonly string[]> } {
  const distribution = host.release.split(':', 1)[0]!;
  const packages = new Set<string>();
  const installed = new Map<string, string[]>();
  for (const one of host.packages) {
    const source = advisorySource(distribution, one.sourceName, one.sourceVersion);
    packages.add(one.name).add(source.name);
    for (const cpe of one.cpes) packages.add(productOf(cpe)!);
    const versions = installed.get(source.name);
    if (versions === undefined) installed.set(source.name, [source.version]);
    else if (!versions.includes(source.version)) versions.push(source.version);
  }
  return { packages, installed };
}

function reportNothingKnown(releases: readonly string[], locations: readonly string[], loaded: LoadedFeeds, ports: ScanPorts): number {
  const read = [...new Set(loaded.feeds.filter(feed => feed.id !== 'kev').map(feed => feed.id))];
  ports.err(
    `fettle scan: no feed in ${locations.join(', ')} speaks of ${releases.join(', ')}${read.length > 0 ? ` (read: ${read.join(', ')})` : ''}. That is not "nothing vulnerable": name a feed for it.\n`,
  );
  return EXIT.feed;
}

function warnAboutFeeds(loaded: LoadedFeeds, options: ScanOptions, ports: ScanPorts): void {
  const quarantined = loaded.feeds.reduce((sum, feed) => sum + feed.quarantined, 0);
  if (quarantined > 0) ports.err(`fettle scan: ${quarantined} feed records were put aside, for example ${loaded.quarantineSample[0]}\n`);
  if (options.format !== 'table' || options.list) return;
  const names = new Set(loaded.feeds.map(feed => `${feed.id}${feed.dataDate === null ? '' : ` of ${feed.dataDate}`}`));
  ports.err(`Feeds: ${[...names].join(', ')}.\n`);
}

interface Outcome {
  failing: boolean;
  badInput: boolean;
  uncovered: boolean;
}

function writeFindings(
  lists: readonly Iterable<ScannedHost | null>[],
  loaded: LoadedFeeds,
  lookups: Lookups,
  exporter: Exporter | null,
  options: ScanOptions,
  ports: ScanPorts,
): Outcome {
  const outcome: Outcome = { failing: false, badInput: false, uncovered: false };
  const isKnownExploited = ({ vulnerabilityId, aliases }: NamedVulnerability): boolean | null =>
    loaded.hasKnownExploited ? [vulnerabilityId, ...aliases].some(id => loaded.knownExploited.has(id)) : null;
  const matcher = new ScanMatcher(loaded.index, lookups);
  const sources = new SourceNames(loaded.sourceNames);
  const fails = FAILING[options.failOn];
  const files = new Map<string, string>();
  const table = exporter === null ? new ScanTable({ all: options.all, list: options.list, isKnownExploited }) : null;
  const blocks = function* (): Iterable<FindingBlock> {
    for (const list of lists)
      for (const listed of list) {
        const host = listed && sources.withSources(listed);
        if (host === null) outcome.badInput = true;
        else if (host.packages.every(one => lookups.of(one, host) === 'none')) {
          ports.err(`fettle scan: ${host.origin}: no feed speaks of ${host.release}\n`);
          outcome.uncovered = true;
        } else {
          for (const warning of warningsAbout(host, host.sourcesPutIn, lookups)) ports.err(`fettle scan: ${host.origin}: ${warning}\n`);
          files.set(host.name, host.origin);
          table?.host(host.name, host.packages.length);
          for (const block of matcher.blocksOf(host)) {
            outcome.failing ||= block.matches.some(match => hiddenReason(block, match) === null && fails(match, isKnownExploited));
            yield block;
          }
        }
      }
  };
  const output = outputOf(options, ports);
  if (table !== null) {
    for (const block of blocks()) table.add(block);
    output.write(table.render(loaded.hasKnownExploited));
  } else if (exporter !== null) {
    const at = ports.now();
    const id = new DocumentId(isKnownExploited);
    const context: ExportContext = {
      at,
      toolVersion: ports.toolVersion,
      documentId: () => id.text(exporter.id, at, ports.toolVersion, options.author),
      author: options.author,
      authorUrl: 'urn:fettle:scan',
      fileOf: host => files.get(host) ?? host,
      isKnownExploited,
    };
    const read = HAS_ID.has(options.format) ? id.seeing(blocks()) : blocks();
    for (const chunk of exporter.write(read, context)) if (!output.write(chunk)) break;
  }
  output.close();
  return outcome;
}

const HAS_ID: ReadonlySet<Format> = new Set(['cyclonedx', 'openvex', 'csaf']);

function outputOf(options: ScanOptions, ports: ScanPorts): Output {
  try {
    return options.output === null ? new Output(ports.outFd) : Output.toFile(options.output);
  } catch (problem) {
    throw new InputError(`--output ${options.output} cannot be written (${(problem as NodeJS.ErrnoException).code ?? problem})`);
  }
}

/** Hidden findings never count. */
const FAILING: Readonly<Record<FailOn, (match: Match, isKnownExploited: ExportContext['isKnownExploited']) => boolean>> = {
  any: () => true,
  fixable: match => match.state === 'fixed',
  'known-exploited': (match, isKnownExploited) => isKnownExploited(match) === true,
  never: () => false,
};
