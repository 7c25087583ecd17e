import { type Proof, sampleFor, soakMinutesFor } from './confidence.ts';
import type { HealthMetric } from './health.ts';
import type { GateThresholds } from './plan.ts';

/** Exactly one of hosts, percent, hostIds says how many; with none the ring takes what is left. */
export interface RingRequest {
  readonly name: string;
  readonly hosts?: number | undefined;
  readonly percent?: number | undefined;
  readonly hostIds?: readonly string[] | undefined;
  readonly soakMinutes: number;
  readonly concurrency: number;
  /** Instead of the thresholds that its place gives it. */
  readonly gate?:
    | {
        readonly errorPercent?: number | undefined;
        readonly minSample?: number | undefined;
        readonly minCoveragePercent?: number | undefined;
      }
    | undefined;
  /** Makes the size, where none is given, and the soak, where none is given and `proveSoak` says so. */
  readonly proof?: Proof | undefined;
  readonly proveSoak?: boolean | undefined;
  readonly health?: readonly HealthMetric[] | undefined;
}

interface RingMember {
  readonly hostId: string;
  /** Hosts with the same text prove the same thing. */
  readonly likeness: string;
  readonly last: boolean;
}

interface DrawnRing {
  readonly name: string;
  readonly soakMinutes: number;
  readonly concurrency: number;
  readonly gate: GateThresholds;
  readonly hostIds: readonly string[];
}

/** domain.md 2.3 defaults for sample and coverage. A failure stops every ring, not only the canary: nobody has yet said how many are acceptable. */
const CANARY_GATE: GateThresholds = { errorPercent: 0, minSample: 5, minCoveragePercent: 100 };
const LATER_GATES: readonly GateThresholds[] = [
  { errorPercent: 0, minSample: 10, minCoveragePercent: 80 },
  { errorPercent: 0, minSample: 20, minCoveragePercent: 80 },
];
const LAST_GATE: GateThresholds = { errorPercent: 0, minSample: 0, minCoveragePercent: 80 };

/**
 * Shares hosts out to rings, every host once. Percentages are of all hosts, rounded down, at least one (domain.md 2.7 S1). Canaries are chosen to be
 * unlike each other: first one host of the most common transaction, then one of the next, and so on. A ring that stays empty is left out and hands its
 * soak to the next, which is then the canary (domain.md 2.3). Hosts left over go to the last ring.
 */
export function drawRings(requests: readonly RingRequest[], members: readonly RingMember[], kind: 'patch' | 'rollback'): DrawnRing[] {
  const named = new Set(requests.flatMap(request => request.hostIds ?? []));
  const pool = inDrawingOrder(members.filter(member => !named.has(member.hostId)));
  const present = new Set(members.map(member => member.hostId));
  const drawn: { request: RingRequest; hostIds: string[] }[] = [];
  for (const [index, request] of requests.entries()) {
    const isLast = index === requests.length - 1;
    const own = (request.hostIds ?? []).filter(id => present.delete(id));
    const count = request.hostIds === undefined || isLast ? (isLast ? pool.length : share(request, members.length)) : 0;
    drawn.push({ request, hostIds: [...own, ...pool.splice(0, count).map(member => member.hostId)] });
  }
  moveLast(drawn, members);
  return withGates(drawn, kind);
}

function share(request: RingRequest, total: number): number {
  if (request.hosts !== undefined) return request.hosts;
  if (request.percent === undefined) return request.proof === undefined ? total : sampleFor(request.proof, 0);
  return Math.max(1, Math.floor((total * request.percent) / 100));
}

/** One of each likeness in turn, the most common first; members to come last at the end. Ties by id, so that the order is the same every time. */
function inDrawingOrder(members: readonly RingMember[]): RingMember[] {
  const groups = new Map<string, RingMember[]>();
  for (const member of members) {
    if (member.last) continue;
    const group = groups.get(member.likeness);
    if (group === undefined) groups.set(member.likeness, [member]);
    else group.push(member);
  }
  const queues = [...groups.values()].sort((a, b) => b.length - a.length || (a[0]!.hostId < b[0]!.hostId ? -1 : 1));
  const order: RingMember[] = [];
  for (let round = 0; order.length < members.length && queues.some(queue => queue.length > round); round++)
    for (const queue of queues) if (queue[round] !== undefined) order.push(queue[round]!);
  return [...order, ...members.filter(member => member.last)];
}

/** The host that Fettle runs on is the last of the last ring, even where it was named for an earlier one. */
function moveLast(drawn: { hostIds: string[] }[], members: readonly RingMember[]): void {
  for (const member of members.filter(one => one.last)) {
    for (const ring of drawn) ring.hostIds = ring.hostIds.filter(id => id !== member.hostId);
    drawn.at(-1)?.hostIds.push(member.hostId);
  }
}

function withGates(drawn: readonly { request: RingRequest; hostIds: string[] }[], kind: 'patch' | 'rollback'): DrawnRing[] {
  const rings: DrawnRing[] = [];
  let inherited = 0;
  const filled = drawn.filter(ring => ring.hostIds.length > 0).length;
  for (const { request, hostIds } of drawn) {
    const soakMinutes = Math.max(request.soakMinutes, inherited);
    if (hostIds.length === 0) {
      inherited = soakMinutes;
      continue;
    }
    inherited = 0;
    const index = rings.length;
    const place =
      index === 0 && kind === 'patch'
        ? CANARY_GATE
        : index === filled - 1
          ? LAST_GATE
          : (LATER_GATES[Math.min(index, LATER_GATES.length) - 1] ?? LATER_GATES[0]!);
    const gate = gateOf(place, request);
    const soak = request.proof !== undefined && request.proveSoak === true ? soakMinutesFor(request.proof, hostIds.length) : 0;
    rings.push({ name: request.name, soakMinutes: Math.max(soakMinutes, soak), concurrency: request.concurrency, gate, hostIds });
  }
  return rings;
}

/** What was asked outweighs what its place would give; what is absent stays absent, so that a plan without it keeps its hash. */
function gateOf(place: GateThresholds, { gate, proof, health }: RingRequest): GateThresholds {
  return {
    errorPercent: gate?.errorPercent ?? place.errorPercent,
    minSample: gate?.minSample ?? place.minSample,
    minCoveragePercent: gate?.minCoveragePercent ?? place.minCoveragePercent,
    ...(proof === undefined ? {} : { proof: { failurePercent: proof.failurePercent, confidencePercent: proof.confidencePercent } }),
    ...((health ?? []).length === 0 ? {} : { health: health! }),
  };
}
