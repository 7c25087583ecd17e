import { readdirSync, readFileSync, statSync } from 'node:fs';
import { hostname, release as osRelease } from 'node:os';
import path from 'node:path';
import { parseRelease, schemeOfRelease } from '../../core/advisories/releases.ts';
import { isThirdParty, type PackageOrigin } from '../../core/inventory/package-origin.ts';
import { MAX_PACKAGE_LIST_BYTES, MAX_PACKAGE_NAME_CHARS, MAX_VERSION_CHARS } from '../../core/kernel/limits.ts';
import type { ListedPackage, PackageListing } from '../../plugins/importers/spec.ts';
import { readInput } from '../read-input.ts';
import type { ScanOptions } from './scan-options.ts';
import { inOrder } from './scan-order.ts';
import type { RecogniseList, ThisHost } from './scan-ports.ts';

/** One package list, read. */
export interface ScannedHost {
  readonly name: string;
  /** The file, or `-`, or `local`. */
  readonly origin: string;
  readonly release: string;
  readonly kernelRelease: string | null;
  readonly packages: readonly ListedPackage[];
  readonly warnings: readonly string[];
}

/** The input cannot be used: exit code 2. */
export class InputError extends Error {}

/** The files to read, folders opened (not their subfolders), before any is read. */
export function inputsOf(options: ScanOptions): readonly string[] {
  if (options.local) return ['local'];
  const files = options.inputs.flatMap(input => {
    if (input === '-') return [input];
    const stat = statOf(input);
    if (!stat.isDirectory()) return [input];
    const found = readdirSync(input, { withFileTypes: true })
      .filter(entry => !entry.isDirectory() && !entry.name.startsWith('.'))
      .map(entry => path.join(input, entry.name))
      .sort();
    if (found.length === 0) throw new InputError(`${input} has no files`);
    return found;
  });
  return [...new Set(files)];
}

function statOf(input: string) {
  try {
    return statSync(input);
  } catch (problem) {
    throw new InputError(`${input} cannot be read (${(problem as NodeJS.ErrnoException).code ?? (problem as Error).message})`);
  }
}

/** Lists are named by their files, and where two files have one name (`a/web.tsv`, `b/web.tsv`) by their paths: two hosts must not become one. */
export function hostNames(inputs: readonly string[]): ReadonlyMap<string, string> {
  const bare = (input: string) => input.replace(/\.(tsv|txt|json|status|list)$/i, '');
  const byName = Map.groupBy(new Set(inputs), input => (input === '-' ? 'stdin' : path.basename(bare(input))));
  return new Map(Array.from(byName).flatMap(([name, same]) => same.map(input => [input, same.length === 1 ? name : bare(input)])));
}

export function readHost(
  input: string,
  name: string,
  options: ScanOptions,
  recognise: RecogniseList,
  thisHost: ThisHost | null,
): ScannedHost {
  const host = input === 'local' && options.local ? readLocal(options, recognise, thisHost) : readList(input, name, options, recognise);
  return { ...host, packages: inOrder(host.packages) };
}

function readList(input: string, name: string, options: ScanOptions, recognise: RecogniseList): ScannedHost {
  const { text, warnings } = decode(readBytes(input), input);
  const importer = recognise(text, options.release === null ? null : schemeOfRelease(options.release));
  if (importer === null)
    throw new InputError(
      text.trim() === ''
        ? `${input} is empty`
        : `${input}: the form of this list is not known${options.release === null ? '; name what it was taken from with --os, for example --os debian:12' : ''}`,
    );
  const listing = importer.read(text, options.release === null ? null : schemeOfRelease(options.release));
  const release = options.release ?? listing.release ?? commonRelease(listing.packages);
  const packages = listing.packages.filter(isOfSize);
  const endless = listing.packages.length - packages.length;
  const told =
    endless === 0 ? listing.warnings : [`packages with an endless name, version or other field: ${endless}, left out`, ...listing.warnings];
  if (packages.length === 0) throw new InputError(`${input} holds no package (${told[0] ?? `read as ${importer.title}`})`);
  if (release === null) throw new InputError(`${input} does not say what it was taken from: add --os, for example --os debian:12`);
  return {
    name,
    origin: input,
    release,
    kernelRelease: options.kernelRelease,
    packages,
    warnings: [...warnings, ...told],
  };
}

/** Every finding repeats them, so a version of a megabyte would make a gigabyte of an answer. */
function isOfSize({ name, version, sourceName, sourceVersion, arch, module, release }: ListedPackage): boolean {
  return (
    [name, sourceName, arch, module ?? '', release ?? ''].every(text => text.length <= MAX_PACKAGE_NAME_CHARS) &&
    [version, sourceVersion].every(text => text.length <= MAX_VERSION_CHARS)
  );
}

function readBytes(input: string): Buffer {
  try {
    const bytes = readInput(input);
    if (bytes.length > MAX_PACKAGE_LIST_BYTES)
      throw new InputError(`${input} is larger than ${MAX_PACKAGE_LIST_BYTES} bytes: no package list is`);
    return bytes;
  } catch (problem) {
    if (problem instanceof InputError) throw problem;
    throw new InputError(`${input} cannot be read (${(problem as NodeJS.ErrnoException).code ?? (problem as Error).message})`);
  }
}

/** Lists are ASCII in practice; one odd byte (a maintainer's name in a status file) must not cost the host. */
function decode(bytes: Buffer, input: string): { text: string; warnings: readonly string[] } {
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
  if (bytes.subarray(0, 4096).includes(0)) throw new InputError(`${input} is a binary file, not a package list`);
  return {
    text,
    warnings:
      text.includes('\uFFFD') && !bytes.includes('\uFFFD')
        ? ['the list is not UTF-8 throughout; the odd characters are read as unknown']
        : [],
  };
}

function commonRelease(packages: readonly ListedPackage[]): string | null {
  const releases = new Map<string, number>();
  for (const { release } of packages) if (release !== null) releases.set(release, (releases.get(release) ?? 0) + 1);
  return [...releases].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0]?.[0] ?? null;
}

const DPKG_FIELDS = ['Package', 'Version', 'source:Package', 'source:Version', 'Architecture', 'db:Status-Status'];

const LOCAL_LISTS: readonly { readonly scheme: string; readonly argv: readonly [string, ...string[]]; readonly header: string }[] = [
  {
    scheme: 'deb',
    argv: ['dpkg-query', '-W', '-f', `${DPKG_FIELDS.map(field => `\${${field}}`).join('\\t')}\\n`],
    header: 'package\tversion\tsource\tsource_version\tarch\tstatus\n',
  },
  {
    scheme: 'rpm',
    argv: ['rpm', '-qa', '--qf', '%{NAME}\\t%{EPOCHNUM}\\t%{VERSION}\\t%{RELEASE}\\t%{ARCH}\\t%{MODULARITYLABEL}\\n'],
    header: 'package\tepoch\tversion\trelease\tarch\tmodule\n',
  },
  { scheme: 'pacman', argv: ['pacman', '-Q'], header: '' },
  { scheme: 'apk', argv: ['cat', '/lib/apk/db/installed'], header: '' },
];

function readLocal(options: ScanOptions, recognise: RecogniseList, thisHost: ThisHost | null): ScannedHost {
  const release = options.release ?? localRelease();
  const list = LOCAL_LISTS.find(one => one.scheme === schemeOfRelease(release));
  if (list === undefined) throw new InputError(`packages of ${release} cannot be listed here`);
  // Loaded here only: it costs a scan of a file three milliseconds.
  const { execFileSync } = process.getBuiltinModule('node:child_process');
  let text: string;
  try {
    text =
      list.header +
      execFileSync(list.argv[0], list.argv.slice(1), {
        encoding: 'utf8',
        maxBuffer: MAX_PACKAGE_LIST_BYTES,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
  } catch (problem) {
    throw new InputError(
      `${list.argv[0]} could not list the packages (${(problem as NodeJS.ErrnoException).code ?? (problem as Error).message})`,
    );
  }
  const listing = recognise(text, schemeOfRelease(release))?.read(text, schemeOfRelease(release));
  if (!listing || listing.packages.length === 0) throw new InputError(`${list.argv[0]} lists no package`);
  return {
    name: hostname(),
    origin: 'local',
    release,
    kernelRelease: options.kernelRelease ?? osRelease(),
    ...(list.scheme === 'deb' && thisHost !== null
      ? withOrigins(listing, thisHost.originsOf(listing.packages))
      : { packages: listing.packages, warnings: listing.warnings }),
  };
}

/** dpkg does not write down where a package came from; the archives do. */
function withOrigins({ packages, warnings }: PackageListing, origins: ReadonlyMap<string, PackageOrigin>) {
  const theirs = new Set<string>();
  const told = packages.map(one => {
    const origin = origins.get(`${one.name}\t${one.arch}`);
    if (!isThirdParty(origin)) return one;
    theirs.add(origin!);
    return { ...one, originTrusted: false };
  });
  const count = told.filter(one => !one.originTrusted).length;
  const note = `${count === 1 ? '1 package comes' : `${count} packages come`} from third parties (${[...theirs].sort().join(', ')}): not looked up, because the distribution's statements are not about them`;
  return { packages: told, warnings: count === 0 ? warnings : [...warnings, note] };
}

function localRelease(): string {
  let text = '';
  try {
    text = readFileSync('/etc/os-release', 'utf8');
  } catch {
    // Reported below with what to do.
  }
  const field = (name: string) => new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  const release = parseRelease(`${field('ID')}:${field('VERSION_ID') || field('VERSION_CODENAME')}`);
  if (!release.ok) throw new InputError(`this machine's release is not known (${release.reason}): name it with --os`);
  return release.release;
}
