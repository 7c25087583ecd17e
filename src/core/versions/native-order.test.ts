import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SCHEMES } from './catalog.ts';
import { compareKeys, compareVersions, type SchemeId } from './scheme.ts';
import { versionPair } from './version-texts.testkit.ts';

/**
 * Every scheme against its native tool, in both directions, on generated pairs. A tool answers a whole batch in one process (dpkg excepted), so that this takes seconds.
 * FETTLE_SEED chooses other pairs, FETTLE_PAIRS how many.
 */
type Pair = readonly [a: string, b: string];
type Answer = '<' | '=' | '>' | 'invalid';

interface NativeTool {
  readonly scheme: SchemeId;
  readonly tool: string;
  /** True where continuous integration installs it: there, its absence is a failure. */
  readonly required: boolean;
  readonly pairs: number;
  isThere(): boolean;
  answer(pairs: readonly Pair[]): readonly Answer[];
}

const LINES = "import sys\nfor line in sys.stdin.read().split('\\n')[:-1]:\n    a, b = line.split('\\t')\n";
const PYTHON_PACKAGING = `from packaging.version import Version, InvalidVersion\n${LINES}    try: x, y = Version(a), Version(b); print('<' if x < y else '>' if x > y else '=')\n    except InvalidVersion: print('invalid')`;
const LIBALPM = `import ctypes\nalpm = ctypes.CDLL('libalpm.so.13')\n${LINES}    r = alpm.alpm_pkg_vercmp(a.encode(), b.encode()); print('<' if r < 0 else '>' if r > 0 else '=')`;
const RUBY =
  "STDIN.each_line(chomp: true) { |line| a, b = line.split(\"\\t\", -1); begin; puts({ -1 => '<', 0 => '=', 1 => '>' }[Gem::Version.new(a) <=> Gem::Version.new(b)]); rescue ArgumentError; puts 'invalid'; end }";
const COMPOSER_AUTOLOAD = '/usr/share/php/Composer/Semver/autoload.php';
const COMPOSER = `require '${COMPOSER_AUTOLOAD}'; $parser = new Composer\\Semver\\VersionParser(); while (($line = fgets(STDIN)) !== false) { [$a, $b] = explode("\\t", rtrim($line, "\\n")); try { $a = $parser->normalize($a); $b = $parser->normalize($b); echo strncmp($a, 'dev-', 4) == 0 || strncmp($b, 'dev-', 4) == 0 ? 'invalid' : ['<', '=', '>'][version_compare($a, $b) + 1], "\\n"; } catch (\\UnexpectedValueException $fault) { echo "invalid\\n"; } }`;
const MAVEN_JAR = '/usr/share/java/maven-artifact-3.x.jar';
const MAVEN = `import org.apache.maven.artifact.versioning.ComparableVersion;
public class Order { public static void main(String[] args) throws Exception { var in = new java.io.BufferedReader(new java.io.InputStreamReader(System.in)); String line; while ((line = in.readLine()) != null) { String[] pair = line.split("\\t", -1); System.out.println("<=>".charAt(Integer.signum(new ComparableVersion(pair[0]).compareTo(new ComparableVersion(pair[1]))) + 1)); } } }`;
const NPM_SEMVER = path.resolve(import.meta.dirname, '../../../node_modules/semver');
const NPM = `const semver = require(process.argv[1]); process.stdout.write(require('node:fs').readFileSync(0, 'utf8').split('\\n').slice(0, -1).map(line => { try { return '<=>'[semver.compare(...line.split('\\t')) + 1]; } catch { return 'invalid'; } }).join('\\n') + '\\n');`;

const python = ['python3', '/usr/bin/python3'].find(candidate => succeeds(candidate, ['-c', 'import packaging.version'])) ?? 'python3';

const TOOLS: readonly NativeTool[] = [
  {
    scheme: 'deb',
    tool: 'dpkg',
    required: true,
    pairs: 150,
    isThere: () => succeeds('dpkg', ['--version']),
    answer: pairs => pairs.map(askDpkg),
  },
  { scheme: 'rpm', tool: 'rpm', required: true, pairs: 3000, isThere: () => succeeds('rpm', ['--version']), answer: askRpm },
  batch(
    'pacman',
    'libalpm (pacman-package-manager)',
    true,
    3000,
    () => succeeds('python3', ['-c', "import ctypes; ctypes.CDLL('libalpm.so.13')"]),
    'python3',
    ['-c', LIBALPM],
  ),
  batch('pep440', 'python3-packaging', true, 3000, () => succeeds(python, ['-c', 'import packaging.version']), python, [
    '-c',
    PYTHON_PACKAGING,
  ]),
  batch('gem', 'ruby', true, 3000, () => succeeds('ruby', ['-e', 'Gem::Version']), 'ruby', ['-W0', '-e', RUBY]),
  batch('semver', "npm's semver", true, 3000, () => existsSync(NPM_SEMVER), process.execPath, ['-e', NPM, NPM_SEMVER]),
  batch('composer', 'php-composer-semver', false, 2000, () => existsSync(COMPOSER_AUTOLOAD) && succeeds('php', ['-v']), 'php', [
    '-r',
    COMPOSER,
  ]),
  {
    scheme: 'maven',
    tool: 'maven-artifact',
    required: false,
    pairs: 2000,
    isThere: () => existsSync(MAVEN_JAR) && succeeds('java', ['-version']),
    answer: askMaven,
  },
];

describe.each(TOOLS)('$scheme orders as $tool does', tool => {
  const isThere = tool.isThere();
  const mustBeThere = tool.required && process.env.FETTLE_CI === '1';
  it.skipIf(!isThere && !mustBeThere)(`on generated pairs (skipped where ${tool.tool} is not installed)`, () => {
    expect(isThere, `${tool.tool} is not installed`).toBe(true);
    const count = Number(process.env.FETTLE_PAIRS ?? tool.pairs);
    const seed = Number(process.env.FETTLE_SEED ?? 20261122);
    const pairs = fc.sample(versionPair(tool.scheme), { numRuns: count, seed }).filter(isComparable);
    const answers = tool.answer(pairs);
    expect(answers).toHaveLength(pairs.length);
    const wrong = pairs.flatMap((pair, at) => complaints(tool.scheme, pair, answers[at]!));
    expect(wrong).toEqual([]);
    // Pairs that all are equal, or all invalid, would prove nothing.
    for (const answer of ['<', '=', '>']) expect(answers.filter(given => given === answer).length).toBeGreaterThan(pairs.length / 50);
  });
});

/** Empty text is invalid for all of ours, also where a tool takes it for 0. */
function isComparable([a, b]: Pair): boolean {
  return a !== '' && b !== '' && !a.startsWith('-') && !b.startsWith('-');
}

function complaints(scheme: SchemeId, [a, b]: Pair, native: Answer): string[] {
  const found: string[] = [];
  const forward = answerOf(scheme, a, b);
  const backward = answerOf(scheme, b, a);
  if (forward !== native) found.push(`${a} ${native} ${b}, not ${forward}`);
  if (backward !== mirrored(native)) found.push(`${b} ${mirrored(native)} ${a}, not ${backward}`);
  const keyA = SCHEMES[scheme].key(a);
  const keyB = SCHEMES[scheme].key(b);
  if (keyA.ok && keyB.ok && native !== 'invalid' && '<=>'[compareKeys(keyA.key, keyB.key) + 1] !== native)
    found.push(`the keys of ${a} and ${b} disagree with ${native}`);
  return found;
}

function answerOf(scheme: SchemeId, a: string, b: string): Answer {
  const order = compareVersions(SCHEMES[scheme], a, b);
  return typeof order === 'number' ? ('<=>'[order + 1] as Answer) : 'invalid';
}

function mirrored(answer: Answer): Answer {
  return answer === '<' ? '>' : answer === '>' ? '<' : answer;
}

function succeeds(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

function batch(
  scheme: SchemeId,
  tool: string,
  required: boolean,
  pairs: number,
  isThere: () => boolean,
  command: string,
  args: readonly string[],
): NativeTool {
  return { scheme, tool, required, pairs, isThere, answer: asked => runBatch(command, args, asked) };
}

function runBatch(command: string, args: readonly string[], pairs: readonly Pair[]): Answer[] {
  const input = pairs.map(pair => `${pair.join('\t')}\n`).join('');
  const { status, stdout, stderr } = spawnSync(command, args, { input, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`);
  return stdout.trimEnd().split('\n') as Answer[];
}

function askDpkg([a, b]: Pair): Answer {
  const is = (operator: string) => spawnSync('dpkg', ['--compare-versions', a, operator, b], { stdio: 'ignore' }).status;
  const less = is('lt');
  if (less === 2) return 'invalid';
  return less === 0 ? '<' : is('gt') === 0 ? '>' : '=';
}

/** rpm's Lua reads the pairs from a file, because its standard input is not open to it, and prints once, because a macro keeps only one. */
function askRpm(pairs: readonly Pair[]): Answer[] {
  return withFolder(folder => {
    const input = path.join(folder, 'pairs');
    const script = path.join(folder, 'order.lua');
    writeFileSync(input, pairs.map(pair => `${pair.join('\t')}\n`).join(''));
    writeFileSync(
      script,
      `local answers = {} for line in io.lines("${input}") do local a, b = line:match("^([^\\t]*)\\t(.*)$"); local ok, r = pcall(rpm.vercmp, a, b); answers[#answers + 1] = not ok and "invalid" or r < 0 and "<" or r > 0 and ">" or "=" end print(table.concat(answers, "\\n"))`,
    );
    return runBatch('rpm', ['-E', `%{lua:dofile("${script}")}`], []);
  });
}

function askMaven(pairs: readonly Pair[]): Answer[] {
  return withFolder(folder => {
    const source = path.join(folder, 'Order.java');
    writeFileSync(source, MAVEN);
    return runBatch('java', ['-cp', MAVEN_JAR, source], pairs);
  });
}

function withFolder<Value>(use: (folder: string) => Value): Value {
  const folder = mkdtempSync(path.join(tmpdir(), 'fettle-versions-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
