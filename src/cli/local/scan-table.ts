import { orderOf } from '../../core/advisories/orders.ts';
import { isLowConfidence, type KernelState, type Match } from '../../core/findings/finding.ts';
import { compareVersions, type VersionScheme } from '../../core/versions/scheme.ts';
import { type FindingBlock, hiddenReason, type NamedVulnerability, type ScannedPackage } from '../../plugins/exporters/spec.ts';

/** A patch as the operator sees it: one source package moved from one version to the lowest that closes everything fixable. */
interface PatchLine {
  readonly sourceName: string;
  readonly sourceVersion: string;
  readonly release: string;
  readonly packages: Set<string>;
  readonly closes: Set<string>;
  readonly exploited: Set<string>;
  readonly hosts: Set<string>;
  target: string | null;
}

interface UnfixedLine {
  readonly sourceName: string;
  readonly sourceVersion: string;
  readonly byState: Map<Match['state'], Set<string>>;
  readonly hosts: Set<string>;
}

interface Summary {
  readonly kernelState: KernelState;
  readonly lines: ReadonlySet<PatchLine | UnfixedLine>;
  readonly list: readonly string[];
  readonly findings: number;
  readonly fixable: number;
  readonly exploited: number;
}

/** The table format: patches first, because they are what can be done; then what waits for a fix; then what is hidden, counted. */
export class ScanTable {
  readonly #patches = new Map<string, PatchLine>();
  readonly #unfixed = new Map<string, UnfixedLine>();
  readonly #byCpe = new Map<string, UnfixedLine>();
  readonly #hidden = new Map<string, Set<string>>();
  readonly #hosts = new Map<string, { packages: number; findings: number; fixable: number; exploited: number }>();
  readonly #list: string[] = [];
  readonly #summaries = new Map<ScannedPackage, Summary>();
  readonly #options: { readonly all: boolean; readonly list: boolean; isKnownExploited(match: NamedVulnerability): boolean | null };

  constructor(options: { readonly all: boolean; readonly list: boolean; isKnownExploited(match: NamedVulnerability): boolean | null }) {
    this.#options = options;
  }

  host(name: string, packages: number): void {
    this.#hosts.set(name, { packages, findings: 0, fixable: 0, exploited: 0 });
  }

  add(block: FindingBlock): void {
    const key = block.package;
    let summary = this.#summaries.get(key);
    if (summary === undefined || summary.kernelState !== block.kernelState) {
      summary = this.#summarise(block);
      this.#summaries.set(key, summary);
    }
    for (const line of summary.lines) line.hosts.add(block.host);
    if (this.#options.list) for (const row of summary.list) this.#list.push(`${block.host}\t${row}`);
    const host = this.#hosts.get(block.host);
    if (!host) return;
    host.findings += summary.findings;
    host.fixable += summary.fixable;
    host.exploited += summary.exploited;
  }

  /** What a package's findings add up to is the same on every host that has it. */
  #summarise(block: FindingBlock): Summary {
    const lines = new Set<PatchLine | UnfixedLine>();
    const summary = { kernelState: block.kernelState, lines, list: [] as string[], findings: 0, fixable: 0, exploited: 0 };
    for (const match of block.matches) {
      const hidden = hiddenReason(block, match);
      if (hidden !== null) {
        let ids = this.#hidden.get(hidden);
        if (ids === undefined) this.#hidden.set(hidden, (ids = new Set()));
        ids.add(`${block.package.sourceName} ${match.vulnerabilityId}`);
        if (!this.#options.all) continue;
      }
      const exploited = this.#options.isKnownExploited(match) === true;
      summary.findings++;
      if (match.state === 'fixed') summary.fixable++;
      if (exploited) summary.exploited++;
      if (this.#options.list) summary.list.push(listLine(block, match, exploited));
      else if (isLowConfidence(match)) lines.add(this.#lineOf(this.#byCpe, block, match));
      else lines.add(match.state === 'fixed' ? this.#patchOf(block, match, exploited) : this.#lineOf(this.#unfixed, block, match));
    }
    return summary;
  }

  #patchOf(block: FindingBlock, match: Match, exploited: boolean): PatchLine {
    const { sourceName, sourceVersion, name } = block.package;
    const key = `${block.release} ${sourceName} ${sourceVersion}`;
    let patch = this.#patches.get(key);
    if (patch === undefined)
      this.#patches.set(
        key,
        (patch = {
          sourceName,
          sourceVersion,
          release: block.release,
          packages: new Set(),
          closes: new Set(),
          exploited: new Set(),
          hosts: new Set(),
          target: null,
        }),
      );
    patch.packages.add(name);
    if (exploited) patch.exploited.add(match.vulnerabilityId);
    if (!patch.closes.has(match.vulnerabilityId)) patch.target = higher(orderOf(block.release), patch.target, match.fixedVersion);
    patch.closes.add(match.vulnerabilityId);
    return patch;
  }

  #lineOf(lines: Map<string, UnfixedLine>, block: FindingBlock, match: Match): UnfixedLine {
    const { sourceName, sourceVersion } = block.package;
    const key = `${block.release} ${sourceName} ${sourceVersion}`;
    let line = lines.get(key);
    if (line === undefined) lines.set(key, (line = { sourceName, sourceVersion, byState: new Map(), hosts: new Set() }));
    let ids = line.byState.get(match.state);
    if (ids === undefined) line.byState.set(match.state, (ids = new Set()));
    ids.add(match.vulnerabilityId);
    return line;
  }

  render(hasKnownExploited: boolean): string {
    if (this.#options.list) return this.#list.length === 0 ? 'Nothing found.\n' : `${this.#list.join('\n')}\n`;
    return [
      this.#renderHosts(hasKnownExploited),
      this.#renderPatches(hasKnownExploited),
      this.#renderUnfixed(this.#unfixed, 'NO FIX YET'),
      this.#renderUnfixed(this.#byCpe, 'BY CPE ALONE, LOW CONFIDENCE'),
      this.#renderHidden(),
    ]
      .filter(Boolean)
      .join('\n');
  }

  #renderHosts(hasKnownExploited: boolean): string {
    if (this.#hosts.size < 2) return '';
    const rows = [...this.#hosts].sort((a, b) => b[1].exploited - a[1].exploited || b[1].fixable - a[1].fixable || (a[0] < b[0] ? -1 : 1));
    const shown = rows.slice(0, MAX_ROWS);
    const lines = shown.map(([name, host]) => [
      name,
      String(host.packages),
      String(host.fixable),
      String(host.findings - host.fixable),
      hasKnownExploited ? String(host.exploited) : '?',
    ]);
    return (
      table(['HOST', 'PACKAGES', 'FIXABLE', 'NOT FIXABLE', 'KNOWN EXPLOITED'], lines, [1, 2, 3, 4]) +
      more(rows.length - shown.length, 'hosts')
    );
  }

  #renderPatches(hasKnownExploited: boolean): string {
    const patches = [...this.#patches.values()].sort(
      (a, b) =>
        b.exploited.size - a.exploited.size ||
        b.closes.size * b.hosts.size - a.closes.size * a.hosts.size ||
        (a.sourceName < b.sourceName ? -1 : 1),
    );
    if (patches.length === 0) return 'No patch closes anything that was found.\n';
    const several = this.#hosts.size > 1;
    const shown = patches.slice(0, several ? MAX_ROWS : patches.length);
    const lines = shown.map(patch => [
      patch.sourceName,
      patch.sourceVersion,
      patch.target ?? '?',
      String(patch.closes.size),
      hasKnownExploited ? String(patch.exploited.size || '-') : '?',
      several ? String(patch.hosts.size) : shortened([...patch.packages].join(' '), PACKAGES_CHARS),
    ]);
    return (
      table(
        ['PATCH', 'INSTALLED', 'FIXED IN', 'CLOSES', 'KNOWN EXPLOITED', several ? 'HOSTS' : 'PACKAGES'],
        lines,
        several ? [3, 4, 5] : [3, 4],
      ) + more(patches.length - shown.length, 'patches')
    );
  }

  #renderUnfixed(found: ReadonlyMap<string, UnfixedLine>, title: string): string {
    if (found.size === 0) return '';
    const count = (line: UnfixedLine) => [...line.byState.values()].reduce((sum, ids) => sum + ids.size, 0);
    const rows = [...found.values()].sort((a, b) => count(b) - count(a) || (a.sourceName < b.sourceName ? -1 : 1));
    const shown = this.#options.all ? rows : rows.slice(0, UNFIXED_ROWS);
    const lines = shown.map(line => [
      line.sourceName,
      line.sourceVersion,
      [...line.byState].map(([state, ids]) => `${ids.size} ${state}`).join(', '),
      shortened([...[...line.byState.values()][0]!].join(' '), PACKAGES_CHARS),
    ]);
    return (
      table([title, 'INSTALLED', 'STATE', 'VULNERABILITIES'], lines, []) +
      more(rows.length - shown.length, 'source packages (--all lists them)')
    );
  }

  #renderHidden(): string {
    if (this.#hidden.size === 0) return '';
    const words = [...this.#hidden].map(([reason, ids]) => `${ids.size} ${HIDDEN_WORDS[reason] ?? reason}`);
    return `${this.#options.all ? 'Hidden without --all' : 'Hidden'}: ${words.join(', ')}.${this.#options.all ? '' : ' --all shows them.'}\n`;
  }
}

const HIDDEN_WORDS: Readonly<Record<string, string>> = {
  unimportant: 'without effect in practice',
  'wont-fix': 'that the distribution will not fix',
  'kernel-not-running': 'in kernels that do not run',
};
const MAX_ROWS = 50;
const UNFIXED_ROWS = 15;
const PACKAGES_CHARS = 60;

function higher(order: VersionScheme | null, a: string | null, b: string | null): string | null {
  if (a === null || b === null || order === null) return a ?? b;
  return compareVersions(order, a, b) === -1 ? b : a;
}

function listLine(block: FindingBlock, match: Match, exploited: boolean): string {
  const kernel = block.kernelState === null ? '' : ` [${block.kernelState}]`;
  return `${match.vulnerabilityId}\t${block.package.name} ${block.package.version}${kernel}\t${match.fixedVersion ?? '-'}\t${match.state}${exploited ? '\tknown exploited' : ''}${isLowConfidence(match) ? '\tlow confidence' : ''}`;
}

function more(count: number, what: string): string {
  return count > 0 ? `... and ${count} more ${what}\n` : '';
}

function shortened(text: string, chars: number): string {
  return text.length <= chars ? text : `${text.slice(0, chars - 1)}…`;
}

function table(header: readonly string[], rows: readonly (readonly string[])[], right: readonly number[]): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map(row => row[column]!.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (right.includes(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd();
  return `${[header, ...rows].map(line).join('\n')}\n`;
}
