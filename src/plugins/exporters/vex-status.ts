import { isLowConfidence, type Match } from '../../core/findings/finding.ts';
import { type FindingBlock, hiddenReason, type OwnVerdict } from './spec.ts';

/** The words that OpenVEX and CSAF share for what we say of a package. */
export type VexStatus = 'affected' | 'not_affected' | 'under_investigation';

export function vexStatusOf(block: FindingBlock, match: Match): VexStatus {
  if (block.verdictOn?.(match.vulnerabilityId) !== undefined) return 'not_affected';
  // A CPE names a product, and a published statement is about this package.
  if (match.state === 'unknown' || isLowConfidence(match)) return 'under_investigation';
  return hiddenReason(block, match) === 'kernel-not-running' ? 'not_affected' : 'affected';
}

/** The comparison that makes the verdict, for whoever reads the document. */
export function notesOf({ evidence: [first] }: Match): string | null {
  if (first === undefined) return null;
  return `${first.comparison}; by ${first.source}${first.statedOn ? ` of ${first.statedOn}` : ''}, rule ${first.rule}`;
}

/** Both formats ask for an action where something is affected. */
export function actionOf({ fixedVersion, state }: Match): string {
  return fixedVersion === null ? ACTIONS[state] : `Update to ${fixedVersion} or later.`;
}

const NOT_RUNNING: OwnVerdict = {
  justification: 'vulnerable_code_not_in_execute_path',
  statement: 'The kernel is installed and does not run.',
};

/** Why something is not affected: what the installation has decided, else that the kernel does not run. */
export function whyNotAffected(block: FindingBlock, { vulnerabilityId }: Match): OwnVerdict {
  return block.verdictOn?.(vulnerabilityId) ?? NOT_RUNNING;
}

const ACTIONS: Readonly<Record<Match['state'], string>> = {
  fixed: 'Update.',
  open: 'No fix is known. Watch for one, or mitigate.',
  deferred: 'The distribution will fix it in a later update. Watch for it, or mitigate.',
  'wont-fix': 'The distribution will not fix it. Mitigate, or accept the risk.',
  'end-of-life': 'The package is no longer supported. Upgrade the release, or isolate the host.',
  unknown: 'Nobody has determined yet whether the package is affected.',
};
