import { almalinuxErrata } from './almalinux-errata/index.ts';
import { alpineSecdb } from './alpine-secdb/index.ts';
import { arch } from './arch/index.ts';
import { csaf, redhatCsaf, suseCsaf } from './csaf/index.ts';
import { cyclonedxVex } from './cyclonedx-vex/index.ts';
import { debianChangelogs } from './debian-changelogs/index.ts';
import { debianNotices } from './debian-notices/index.ts';
import { debianOpen } from './debian-open/index.ts';
import { debianTracker } from './debian-tracker/index.ts';
import { debsecan } from './debsecan/index.ts';
import { endoflife } from './endoflife/index.ts';
import { epss } from './epss/index.ts';
import { github } from './github/index.ts';
import { kev } from './kev/index.ts';
import { nvd } from './nvd/index.ts';
import { openvex } from './openvex/index.ts';
import { osvEcosystems } from './osv/ecosystems.ts';
import { osv } from './osv/index.ts';
import { redhatOval } from './redhat-oval/index.ts';
import type { AdvisorySource, FeedHead } from './spec.ts';
import { ubuntu } from './ubuntu/index.ts';
import { amazonUpdateinfo, rockyUpdateinfo, updateinfo } from './updateinfo/index.ts';
import { vulnrichment } from './vulnrichment/index.ts';

/** Every advisory source, the most telling head first: the first that recognises a file reads it. OSV, the most general form, comes last. */
export const advisorySources: readonly AdvisorySource[] = [
  debianTracker,
  debsecan,
  debianChangelogs,
  debianOpen,
  debianNotices,
  kev,
  vulnrichment,
  epss,
  endoflife,
  nvd,
  github,
  openvex,
  cyclonedxVex,
  redhatCsaf,
  suseCsaf,
  csaf,
  redhatOval,
  amazonUpdateinfo,
  rockyUpdateinfo,
  updateinfo,
  arch,
  alpineSecdb,
  ubuntu,
  almalinuxErrata,
  ...osvEcosystems,
  osv,
];

/** `preferred`: whose feed it was fetched for, or whose archive it lies in. */
export function recogniseFeed(head: FeedHead, preferred: AdvisorySource | null = null): AdvisorySource | null {
  if (preferred !== null && (preferred.recognise(head) || preferred.mayHold?.(head) === true)) return preferred;
  return advisorySources.find(source => source.recognise(head)) ?? null;
}
