import type { KernelState, Match } from '../../core/findings/finding.ts';
import type { Instant } from '../../core/kernel/instants.ts';

/** What is wrong with one package of one host: the unit in which a scan hands out its answer. Packages and matches are shared by all hosts that have them. */
export interface FindingBlock {
  readonly host: string;
  readonly release: string;
  readonly package: ScannedPackage;
  readonly kernelState: KernelState;
  readonly matches: readonly Match[];
  /** Where the installation itself has decided that a vulnerability cannot be used here; outweighs what the match says. */
  readonly verdictOn?: (vulnerabilityId: string) => OwnVerdict | undefined;
}

export interface OwnVerdict {
  /** A status justification of OpenVEX, which are the flag labels of CSAF too. */
  readonly justification: string;
  readonly statement: string;
}

export interface ScannedPackage {
  readonly name: string;
  readonly arch: string;
  readonly version: string;
  readonly sourceName: string;
  readonly sourceVersion: string;
}

/** Why a finding is not shown, nor counted by --fail-on, unless asked for. */
export type HiddenReason = 'unimportant' | 'wont-fix' | 'kernel-not-running' | null;

export function hiddenReason(block: FindingBlock, match: Match): HiddenReason {
  return match.hidden ?? (block.kernelState === 'installed-not-running' ? 'kernel-not-running' : null);
}

/** A vulnerability by all its names: lists may know it by another CVE than the one that is shown (34 of Go's records have several). */
export type NamedVulnerability = Pick<Match, 'vulnerabilityId' | 'aliases'>;

export interface ExportContext {
  readonly at: Instant;
  readonly toolVersion: string;
  /** A fresh UUID, for documents that want one. */
  documentId(): string;
  /** Who makes the statements (OpenVEX author, CSAF publisher), and the URI that stands for it. */
  readonly author: string;
  readonly authorUrl: string;
  /** Input file by host, for formats that point at a file. */
  readonly fileOf: (host: string) => string;
  /** null when no KEV feed was read: nothing is known then. */
  isKnownExploited(match: NamedVulnerability): boolean | null;
}

/** A format to write findings in. Chunks are text or UTF-8 bytes, so that a fleet's answer is never held in memory; bytes hold until the next chunk is asked for. */
export interface Exporter {
  readonly id: string;
  readonly title: string;
  readonly mediaType: string;
  write(blocks: Iterable<FindingBlock>, context: ExportContext): Iterable<string | Uint8Array>;
}
