import { debianChangelogs } from './debian-changelogs/index.ts';
import { debianNotices } from './debian-notices/index.ts';
import { debianOpen } from './debian-open/index.ts';
import { debianTracker } from './debian-tracker/index.ts';
import { debsecan } from './debsecan/index.ts';
import { endoflife } from './endoflife/index.ts';
import { epss } from './epss/index.ts';
import { kev } from './kev/index.ts';
import type { AdvisorySource, FeedHead } from './spec.ts';
import { vulnrichment } from './vulnrichment/index.ts';

/** Every advisory source, most specific head first: the first that recognises a file reads it. */
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
];

export function recogniseFeed(head: FeedHead): AdvisorySource | null {
  return advisorySources.find(source => source.recognise(head)) ?? null;
}
