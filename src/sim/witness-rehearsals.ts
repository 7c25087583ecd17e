import type { Books, RolloutSeen } from './books.ts';

/** Canaries that were asked of one rollout, with what they said. */
export type RehearsalsSeen = Map<string, { verdict: string | null; accepted: boolean }>;

/** S3, I15: what the first ring of a rollout that is rehearsed may open upon. */
export function demandRehearsed(books: Books, rollout: RolloutSeen, ringIndex: number, atMs: number): void {
  const seen = books.rehearsals.get(rollout.id);
  if (seen === undefined || rollout.rings.slice(0, ringIndex).some(ring => ring.state === 'passed')) return;
  const hosts = rollout.plan.rings[ringIndex]?.hosts ?? [];
  if (hosts.length === 0) return;
  const asked = [...seen.entries()];
  const failed = asked.filter(([, one]) => one.verdict === 'failed' && !one.accepted).map(([hostId]) => hostId);
  books.ledger.demand(
    'S3',
    failed.length === 0,
    atMs,
    () => `the first ring of ${rollout.id} opens, and the rehearsal on ${failed.join(', ')} failed`,
  );
  const said = asked.filter(([, one]) => one.verdict !== null || one.accepted).length;
  books.ledger.demand(
    'I15',
    said > 0,
    atMs,
    () => `the first ring of ${rollout.id} opens, and none of ${asked.length} has answered its rehearsal`,
  );
  const kinds = new Set(hosts.map(host => host.transaction));
  const known = new Set(hosts.filter(host => seen.has(host.hostId)).map(host => host.transaction));
  books.ledger.demand(
    'I15',
    known.size >= Math.min(10, kinds.size),
    atMs,
    () => `${known.size} of ${kinds.size} transactions of ${rollout.id} were rehearsed`,
  );
}

export function seeAsked(books: Books, rolloutId: string, hostIds: readonly string[]): void {
  const seen = books.rehearsals.get(rolloutId)!;
  for (const hostId of hostIds) seen.set(hostId, { verdict: null, accepted: false });
}

export function seeAnswer(books: Books, rolloutId: string, hostId: string, verdict: string): void {
  books.rehearsals.get(rolloutId)!.get(hostId)!.verdict = verdict;
}

export function seeAccepted(books: Books, rolloutId: string): void {
  for (const one of books.rehearsals.get(rolloutId)!.values()) one.accepted = true;
}
