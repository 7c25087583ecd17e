import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';

/**
 * `fettle scan` beside debsecan, on the same data in the same run, in turn: one host, then a fleet in one call. Hosts are real packages of Debian 12
 * at patch levels of the last years.
 */
const ROOT = path.join(import.meta.dirname, '..');
const FEEDS = path.join(ROOT, '../shared/feeds');
const DEBSECAN = '/usr/bin/debsecan';
const PACKAGES_PER_HOST = 750;
const ROUNDS = 9;
const HOSTS = 1_000;
const FLEET_ROUNDS = 3;
/** The second scan with a set of feeds keeps what it made of them. */
const WARMING_ROUNDS = 2;

if (!existsSync(path.join(FEEDS, 'debsecan-bookworm.zlib'))) {
  console.log('skipped: ../shared/feeds is not here, and the comparison needs real data');
  process.exit(0);
}

interface Row {
  readonly name: string;
  readonly source: string;
  readonly version: string;
}

const lines = <T>(file: string): T[] =>
  gunzipSync(readFileSync(path.join(FEEDS, file)))
    .toString('utf8')
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as T);
const packages = lines<{ p: string; src: string; pri: string; v: Record<string, [string, number, string?]> }>(
  'debian12-packages.jsonl.gz',
).filter(one => one.v.bookworm);
const history = new Map(
  lines<{ src: string; versions: [string, string, string][] }>('debian12-version-history.jsonl.gz').map(one => [
    one.src,
    one.versions.filter(([, suite]) => suite.startsWith('bookworm')).map(([version]) => version),
  ]),
);

/** Numerical Recipes' generator: the same hosts in every run. */
let seed = 12_345;
const random = (below: number): number => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
};

/** Every host has the important packages and the libraries that most have, then a choice of the rest; a fleet has a few patch levels, not a new one each. */
const base = packages.filter(
  one =>
    one.pri === 'required' ||
    one.pri === 'important' ||
    one.pri === 'standard' ||
    ['linux', 'openssl', 'curl', 'glibc', 'systemd', 'python3.11', 'perl', 'krb5', 'openldap'].includes(one.src),
);
// Servers: no browser, and of the kernel's thirty packages the two that a server has.
const rest = packages.filter(one => history.has(one.src) && !['linux', 'chromium', 'firefox-esr', 'thunderbird'].includes(one.src));
const usualRest = rest.slice(0, 2_000);

function makeHost(): Row[] {
  const chosen = new Map(base.filter(one => one.src !== 'linux' || one.p === 'linux-libc-dev').map(one => [one.p, one]));
  while (chosen.size < PACKAGES_PER_HOST) {
    const one = usualRest[random(usualRest.length)]!;
    chosen.set(one.p, one);
  }
  const level = random(6);
  return [...chosen.values()].slice(0, PACKAGES_PER_HOST).map(one => {
    const versions = history.get(one.src) ?? [];
    const [binary, , source] = one.v.bookworm!;
    return { name: one.p, source: one.src, version: versions[Math.min(level, versions.length - 1)] ?? source ?? binary };
  });
}

const table = (rows: readonly Row[]): string =>
  `package\tversion\tsource\tsource_version\n${rows.map(row => `${row.name}\t${row.version}\t${row.source}\t${row.version}\n`).join('')}`;
const status = (rows: readonly Row[]): string =>
  rows.map(row => `Package: ${row.name}\nStatus: install ok installed\nSource: ${row.source}\nVersion: ${row.version}\n`).join('\n');

const folder = mkdtempSync(path.join(tmpdir(), 'fettle-bench-scan-'));
try {
  mkdirSync(path.join(folder, 'fleet'));
  copyFileSync(path.join(FEEDS, 'debsecan-bookworm.zlib'), path.join(folder, 'bookworm'));
  const first = makeHost();
  writeFileSync(path.join(folder, 'host.tsv'), table(first));
  writeFileSync(path.join(folder, 'status'), status(first));
  for (let host = 0; host < HOSTS; host++)
    writeFileSync(path.join(folder, 'fleet', `host-${String(host).padStart(4, '0')}.tsv`), table(host === 0 ? first : makeHost()));

  const nothing = openSync('/dev/null', 'w');
  // A cache of its own, so that what other runs left says nothing; what the scan keeps there is made before anything is timed.
  const environment = { ...process.env, XDG_CACHE_HOME: path.join(folder, 'cache') };
  const timed = (command: string, args: readonly string[], env: NodeJS.ProcessEnv = environment): number => {
    const started = performance.now();
    const done = spawnSync(command, args, { stdio: ['ignore', nothing, 'pipe'], env });
    if (done.error || (done.status ?? 9) > 1)
      throw new Error(`${command} ${args.join(' ')}: ${done.error?.message ?? done.stderr.toString()}`);
    return performance.now() - started;
  };
  const fettle = path.join(ROOT, 'bin/fettle');
  const scan = (input: string, feed: string, format: string) => [
    'scan',
    path.join(folder, input),
    '--os',
    'debian:12',
    '--feed',
    feed,
    '--format',
    format,
  ];
  const debsecanArgs = [
    '--suite',
    'bookworm',
    '--source',
    `file://${folder}`,
    '--status',
    path.join(folder, 'status'),
    '--format',
    'simple',
  ];
  const contestants: Record<string, () => number> = {
    ...(existsSync(DEBSECAN) ? { 'debsecan (its own data, one line each)': () => timed(DEBSECAN, debsecanArgs) } : {}),
    'fettle scan, the same data, JSON with evidence': () => timed(fettle, scan('host.tsv', path.join(folder, 'bookworm'), 'json')),
    'fettle scan, the same data, table': () => timed(fettle, scan('host.tsv', path.join(folder, 'bookworm'), 'table')),
    'fettle scan, the same data, JSON, --no-cache': () =>
      timed(fettle, [...scan('host.tsv', path.join(folder, 'bookworm'), 'json'), '--no-cache']),
    'fettle scan, the whole feed folder, JSON': () => timed(fettle, scan('host.tsv', FEEDS, 'json')),
    'fettle scan, the whole feed folder, --no-cache': () => timed(fettle, [...scan('host.tsv', FEEDS, 'json'), '--no-cache']),
  };
  const found = JSON.parse(execOut(fettle, scan('host.tsv', path.join(folder, 'bookworm'), 'json'))) as { package: string; id: string }[];
  console.log(`one host: ${PACKAGES_PER_HOST} packages, ${found.length} findings`);
  if (existsSync(DEBSECAN)) {
    const theirs = new Set(
      execOut(DEBSECAN, debsecanArgs)
        .split('\n')
        .filter(Boolean)
        .map(line => line.split(/\s+/).slice(0, 2).join(' ')),
    );
    const ours = new Set(found.map(row => `${row.id} ${row.package}`));
    console.log(
      `the same findings as debsecan: ${theirs.size === ours.size && [...theirs].every(one => ours.has(one)) ? 'yes' : 'NO'} (${theirs.size} and ${ours.size})`,
    );
  } else console.log('debsecan is not installed: apt-get install debsecan to compare');
  for (let round = 0; round < WARMING_ROUNDS; round++) for (const run of Object.values(contestants)) run();
  const times = new Map(Object.keys(contestants).map(name => [name, [] as number[]]));
  for (let round = 0; round < ROUNDS; round++) for (const [name, run] of Object.entries(contestants)) times.get(name)!.push(run());
  for (const [name, all] of times) {
    const sorted = all.toSorted((a, b) => a - b);
    console.log(
      `  ${name.padEnd(50)} median ${sorted[Math.floor(sorted.length / 2)]!.toFixed(0).padStart(5)} ms, best ${sorted[0]!.toFixed(0).padStart(5)} ms`,
    );
  }
  console.log(`a fleet: ${HOSTS} hosts of ${PACKAGES_PER_HOST} packages in one call`);
  for (const format of ['table', 'json', 'csv'] as const) {
    const ms = Math.min(...Array.from({ length: FLEET_ROUNDS }, () => timed(fettle, scan('fleet', path.join(folder, 'bookworm'), format))));
    const perHost = ms / HOSTS;
    // The best of both: beside other work a middle one says more of that.
    const one = times.get('debsecan (its own data, one line each)')?.toSorted((a, b) => a - b)[0];
    console.log(
      `  fettle scan, ${format.padEnd(5)} ${(ms / 1000).toFixed(2).padStart(7)} s, ${perHost.toFixed(2)} ms per host${one === undefined ? '' : `, ${(one / perHost).toFixed(0)} times as fast per host as debsecan`}`,
    );
  }
} finally {
  if (!process.env.KEEP) rmSync(folder, { recursive: true });
}

/** Exit code 1 says that something was found. */
function execOut(command: string, args: readonly string[]): string {
  try {
    return execFileSync(command, args, {
      encoding: 'utf8',
      maxBuffer: 2 ** 30,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, XDG_CACHE_HOME: path.join(folder, 'cache') },
    });
  } catch (problem) {
    const { stdout } = problem as { stdout?: string };
    if (stdout === undefined) throw problem;
    return stdout;
  }
}
