import { VarintReader, VarintWriter } from './varint.ts';

/** Where we know a change from: the host's own logs, two reports that differ, or a job of ours. */
export type ChangeOrigin = 'log' | 'observed' | 'job';

/** One change of one package on one host. The ids are those of package_transition ("openssl from A to B") and change_cause (origin, who, command). */
export interface HistoryEntry {
  readonly atSeconds: number;
  readonly transitionId: number;
  readonly causeId: number;
}

/**
 * The same upgrade is often known twice: the inventory showed it, and a log line, which has the exact time, names it too.
 * A log line may come up to this long after the observation: agents send new lines with the next changed report.
 */
export const SAME_CHANGE_SECONDS = 24 * 3_600;

/** Some 6 bytes a change: gap in seconds to the one before, transition, cause. */
export function packHistory(entries: readonly HistoryEntry[]): Uint8Array {
  const writer = new VarintWriter(entries.length * 8);
  let before = 0;
  for (const entry of [...entries].sort(byTime)) {
    writer.write(entry.atSeconds - before);
    writer.write(entry.transitionId);
    writer.write(entry.causeId);
    before = entry.atSeconds;
  }
  return writer.bytes();
}

/** In order of time. */
export function unpackHistory(packed: Uint8Array): HistoryEntry[] {
  const reader = new VarintReader(packed);
  const entries: HistoryEntry[] = [];
  let atSeconds = 0;
  while (!reader.done) {
    atSeconds += reader.read();
    entries.push({ atSeconds, transitionId: reader.read(), causeId: reader.read() });
  }
  return entries;
}

/** Which of two accounts of the same change is kept: the job knows who approved it, the log knows the exact time. */
const RANK: Readonly<Record<ChangeOrigin, number>> = { observed: 0, log: 1, job: 2 };

/**
 * Adds what was learned to what is known. A change sent twice is kept once, and a weaker account gives way to a stronger one near in time.
 * `originOf` answers for every cause id of both lists.
 */
export function mergeHistory(
  known: readonly HistoryEntry[],
  learned: readonly HistoryEntry[],
  originOf: (causeId: number) => ChangeOrigin,
): HistoryEntry[] {
  const rankOf = (entry: HistoryEntry) => RANK[originOf(entry.causeId)];
  const byTransition = Map.groupBy([...known, ...learned], entry => entry.transitionId);
  return [...byTransition.values()].flatMap(entries => withoutRepeats(entries.sort(byTime), rankOf)).sort(byTime);
}

/** `entries` are of one transition, in order of time; nearly always there is one. */
function withoutRepeats(entries: readonly HistoryEntry[], rankOf: (entry: HistoryEntry) => number): readonly HistoryEntry[] {
  if (entries.length === 1) return entries;
  return entries.filter(
    (entry, index) =>
      !entries.some((other, at) => {
        const apart = Math.abs(other.atSeconds - entry.atSeconds);
        return rankOf(other) > rankOf(entry) ? apart <= SAME_CHANGE_SECONDS : at < index && apart === 0 && rankOf(other) === rankOf(entry);
      }),
  );
}

function byTime(a: HistoryEntry, b: HistoryEntry): number {
  return a.atSeconds - b.atSeconds || a.transitionId - b.transitionId || a.causeId - b.causeId;
}
