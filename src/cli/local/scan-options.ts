import { parseArgs } from 'node:util';
import { parseRelease } from '../../core/advisories/releases.ts';

export const SCAN_HELP = `fettle scan [FILE|FOLDER|-]... --os RELEASE [options]
fettle scan --local [options]

Says what is wrong with the packages of a list: no server, no database, no network.

Input: one or more files, folders of files, or - for standard input (as nothing is, where --os is given). Known by content:
  tab-separated table with a header: package, version and, if known, source, source_version, arch, epoch, origin, module
  dpkg-query -W, dpkg -l, apt list --installed, /var/lib/dpkg/status
  rpm -qa --qf '%{NAME} %{EPOCHNUM} %{VERSION} %{RELEASE} %{ARCH} %{MODULARITYLABEL}\\n'
  /lib/apk/db/installed, apk list --installed, pacman -Q
  CycloneDX documents (JSON, XML), SPDX documents (JSON, tag-value)
Advisories of dpkg systems speak of source packages: a list without them is looked up by package name, which finds less.
Components of an SBOM of whose ecosystem no feed speaks are looked up by the CPE that it states for them, where an NVD feed is named; never a
distribution's packages. What is found so has low confidence, and says it.

Options
  --os RELEASE            what the list was taken from: debian:12, ubuntu:22.04, almalinux:9, alpine:3.20 ...
                          (not needed for --local and for an SBOM that says it)
  --local                 this machine, read-only, without root
  --kernel-release NAME   uname -r of the host; tells the running kernel from others on disk
  --feed PATH             advisory feed: a file, or a folder of files in any mixture; repeatable
                          (default: FETTLE_FEEDS, then the feeds folder of FETTLE_DATA)
  --trust-author NAME     count the VEX statements of this author (OpenVEX, CSAF, CycloneDX; the name as the document states it); repeatable.
                          Distributions count for their own packages; nobody else's statement hides a finding
  --format FORMAT         table (default), json, csv, sarif, cyclonedx, openvex, csaf (CSAF VEX)
  --author NAME           who makes the statements of an OpenVEX or CSAF document (default: Fettle)
  --all                   table: also what is hidden (unimportant, will not be fixed, kernels that do not run)
  --list                  table: one line for each vulnerability instead of each patch
  --fail-on WHAT          what makes the exit code 1: any (default), fixable, known-exploited, never
  --no-cache              read the feeds themselves. Without it a scan of one host keeps what it made of them in the user's cache folder
                          (XDG_CACHE_HOME, ~/.cache) from the second time on: named by their contents, and bounded
  --output FILE           write there instead of to standard output
  --today DATE            read the feeds as if it were this day (YYYY-MM-DD)
  --help

JSON is an array of objects, one for each package and vulnerability:
  host, package, arch, version, source, sourceVersion, release, kernelState, hidden, id, aliases, fixedVersion, state, severity,
  knownExploited, evidence [{source, statedOn, release, packageName, claimState, installedVersion, fixedVersion, comparison, rule, disagreement, confidence}]
  confidence: low where nothing but a CPE tells that the statement is about the package; absent otherwise
  state: fixed (a fix exists), open, deferred, wont-fix, end-of-life, unknown
  kernelState: running, newer-not-booted, installed-not-running (modules and headers go with their kernel), or null for what is no kernel
  hidden: why it is not counted (unimportant, wont-fix, kernel-not-running), or null. JSON and the other formats list hidden findings too.

Exit codes: 0 nothing found that --fail-on asks for, 1 something found, 2 the command or its input cannot be used, 3 a feed cannot be
used, is missing, or says nothing of the release (never "nothing vulnerable"). With 3 and readable feeds beside the bad one, what they say is printed.

The same packages and feeds give the same bytes, whatever the order of the list; documents that state a time (cyclonedx, openvex, csaf)
take it from SOURCE_DATE_EPOCH where that is set, and are named by what they say.

Examples
  fettle scan --local --feed feeds/
  dpkg-query -W -f '\${Package}\\t\${Version}\\t\${source:Package}\\t\${source:Version}\\n' | sed '1i package\\tversion\\tsource\\tsource_version' | fettle scan - --os debian:12 --feed feeds/
  fettle scan hosts/*.tsv --os debian:12 --format json --output findings.json
`;

export const EXIT = { clean: 0, found: 1, usage: 2, feed: 3 } as const;

export const FORMATS = ['table', 'json', 'csv', 'sarif', 'cyclonedx', 'openvex', 'csaf'] as const;
export type Format = (typeof FORMATS)[number];
export const FAIL_ON = ['any', 'fixable', 'known-exploited', 'never'] as const;
export type FailOn = (typeof FAIL_ON)[number];

export interface ScanOptions {
  readonly inputs: readonly string[];
  readonly local: boolean;
  readonly release: string | null;
  readonly kernelRelease: string | null;
  readonly feeds: readonly string[];
  /** Whose exploitability statements count, beside those of the distributions. */
  readonly trustedAuthors: readonly string[];
  readonly format: Format;
  /** Of an OpenVEX or CSAF document. */
  readonly author: string;
  readonly all: boolean;
  readonly list: boolean;
  readonly failOn: FailOn;
  readonly useCache: boolean;
  readonly output: string | null;
  readonly today: string;
}

export type ParsedOptions =
  | { readonly kind: 'help' }
  | { readonly kind: 'problem'; readonly problem: string }
  | { readonly kind: 'scan'; readonly options: ScanOptions };

export function parseScanOptions(argv: readonly string[], today: string): ParsedOptions {
  let values: ReturnType<typeof parse>['values'];
  let positionals: readonly string[];
  try {
    ({ values, positionals } = parse(argv));
  } catch (problem) {
    return { kind: 'problem', problem: (problem as Error).message.split('. ')[0]! };
  }
  if (values.help) return { kind: 'help' };
  const problem = (text: string): ParsedOptions => ({ kind: 'problem', problem: text });
  const format = values.json ? 'json' : (values.format ?? 'table').toLowerCase();
  if (!isOneOf(FORMATS, format)) return problem(`--format ${format} is not one of ${FORMATS.join(', ')}`);
  const failOn = values['fail-on'] ?? 'any';
  if (!isOneOf(FAIL_ON, failOn)) return problem(`--fail-on ${failOn} is not one of ${FAIL_ON.join(', ')}`);
  const release = values.os === undefined ? null : parseRelease(values.os);
  if (release?.ok === false) return problem(`--os: ${release.reason}`);
  const local = values.local ?? false;
  if (local && positionals.length > 0) return problem('--local reads this machine: name no file with it');
  // A release says what is to be scanned: then it comes through the pipe.
  const inputs = !local && positionals.length === 0 && release !== null ? ['-'] : positionals;
  if (!local && inputs.length === 0) return problem('name a package list, - for standard input, or --local');
  if (values.today !== undefined && !/^\d{4}-\d{2}-\d{2}$/.test(values.today)) return problem('--today is written YYYY-MM-DD');
  return {
    kind: 'scan',
    options: {
      inputs,
      local,
      release: release?.release ?? null,
      kernelRelease: values['kernel-release'] ?? null,
      feeds: values.feed ?? [],
      trustedAuthors: values['trust-author'] ?? [],
      format,
      author: values.author ?? 'Fettle',
      failOn,
      all: values.all ?? false,
      list: values.list ?? false,
      useCache: !(values['no-cache'] ?? false),
      output: values.output ?? null,
      today: values.today ?? today,
    },
  };
}

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      os: { type: 'string' },
      local: { type: 'boolean' },
      'kernel-release': { type: 'string' },
      feed: { type: 'string', multiple: true },
      'trust-author': { type: 'string', multiple: true },
      format: { type: 'string', short: 'f' },
      json: { type: 'boolean' },
      author: { type: 'string' },
      all: { type: 'boolean' },
      list: { type: 'boolean' },
      'fail-on': { type: 'string' },
      'no-cache': { type: 'boolean' },
      output: { type: 'string', short: 'o' },
      today: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
}

function isOneOf<Word extends string>(words: readonly Word[], text: string): text is Word {
  return (words as readonly string[]).includes(text);
}
