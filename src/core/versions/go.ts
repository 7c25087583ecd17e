import { KeyWriter } from './key-writer.ts';
import { refuse, textFault, type VersionKey, type VersionScheme } from './scheme.ts';
import { hasLeadingZero, writePrerelease } from './semver.ts';

/**
 * Go module versions in the order of golang.org/x/mod/semver: Semantic Versioning with `v` before it, numbers of any size, `v1` and `v1.2` short
 * for v1.0.0 and v1.2.0, build metadata (`+incompatible`) ignored; pseudo-versions are pre-releases. The `v` may be missing, as in OSV records.
 *
 * Toolchain versions (`go1.22.3`, `go1.23rc1`) are read as Go's own go/version orders them: go1.21 (the language) < go1.21rc1 < go1.21.0, and
 * up to go1.20 the release without a third number is the .0 release. A vendor's suffix (`-custom`) is ignored.
 */
export const go: VersionScheme = { id: 'go', title: 'Go modules and toolchains', key: goKey };

const MODULE =
  /^v?(0|[1-9][0-9]*)(?:\.(0|[1-9][0-9]*)(?:\.(0|[1-9][0-9]*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?)?)?$/;
const TOOLCHAIN = /^go(0|[1-9][0-9]*)(?:\.(0|[1-9][0-9]*)(?:\.(0|[1-9][0-9]*)|(alpha|beta|rc)(0|[1-9][0-9]*))?)?(?:-.*)?$/;
/** The first release whose .0 is written out. */
const FIRST_WITH_LANGUAGE_VERSION = 21;

const NUMBER = 0x02;
/** Below every pre-release and release of `writePrerelease`. */
const LANGUAGE = 0x00;

const writer = new KeyWriter();

export function goKey(raw: string): VersionKey {
  const text = raw.trim();
  const fault = textFault(text);
  if (fault) return refuse(fault);
  return text.startsWith('go') ? toolchainKey(text) : moduleKey(text);
}

function moduleKey(text: string): VersionKey {
  const match = MODULE.exec(text);
  if (!match) return refuse('not a Go version: vMAJOR[.MINOR[.PATCH[-prerelease][+build]]]');
  const [, major, minor, patch, prerelease] = match;
  const identifiers = prerelease?.split('.');
  if (identifiers?.some(hasLeadingZero)) return refuse('a numeric pre-release identifier with a leading zero');
  writeNumbers(major, minor, patch);
  writePrerelease(writer, identifiers);
  return { ok: true, key: writer.take() };
}

function toolchainKey(text: string): VersionKey {
  const match = TOOLCHAIN.exec(text);
  if (!match) return refuse('not a Go toolchain version: goMAJOR[.MINOR[.PATCH|betaN|rcN]]');
  const [, major, minor, patch, kind, number] = match;
  writeNumbers(major, minor, patch);
  const isLanguage = kind === undefined && patch === undefined && Number(minor ?? 0) >= FIRST_WITH_LANGUAGE_VERSION;
  if (isLanguage) writer.byte(LANGUAGE);
  else writePrerelease(writer, kind === undefined ? undefined : [kind, number!]);
  return { ok: true, key: writer.take() };
}

function writeNumbers(...numbers: (string | undefined)[]): void {
  writer.restart();
  for (const number of numbers) writer.digits(number ?? '', NUMBER);
}
