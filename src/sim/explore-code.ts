import { JOB_ACTIVE } from '../core/rollouts/job-states.ts';
import type { JobStatus } from '../core/rollouts/job-status.ts';
import type { HostState, State } from './explore-state.ts';

/** One host's share of a state. */
interface Part {
  readonly job: JobStatus;
  readonly host: HostState;
  readonly permit: State['permits'][number];
  readonly begun: boolean;
  readonly answered: boolean;
}

/**
 * Numbers for the shares that hosts and the rollout have in a state: a state is then a row of as many numbers as there are hosts, and one. Hosts that
 * differ in name only have the same numbers; two that form a pair outside the canary's are sorted, so that what is the same by symmetry is seen once.
 */
export class StateCode {
  readonly #first: State;
  readonly #partIds = new Map<string, number>();
  readonly #parts: Part[] = [];
  readonly #wholeIds = new Map<string, number>();
  readonly #wholes: Omit<State, 'jobs' | 'hosts' | 'permits' | 'begun' | 'answered'>[] = [];
  /** Decoded per number and host, since names are not in the number. */
  readonly #jobs = new Map<number, JobStatus>();

  constructor(first: State) {
    this.#first = first;
  }

  /** `parent`: the state that this one came from, with its row; what is the same object there has the same number. */
  encode(state: State, into: Uint16Array, parent: State | null, parentRow: Uint16Array): void {
    const hosts = state.jobs.length;
    for (let n = 0; n < hosts; n++) into[n] = parent !== null && samePart(state, parent, n) ? parentRow[n]! : this.#partId(state, n);
    into[hosts] = this.#wholeId(state);
    for (let n = 2; n + 1 < hosts; n += 2)
      if (into[n]! > into[n + 1]!) {
        const other = into[n]!;
        into[n] = into[n + 1]!;
        into[n + 1] = other;
      }
  }

  decode(row: Uint16Array): State {
    const hosts = this.#first.jobs.length;
    const parts: Part[] = [];
    for (let n = 0; n < hosts; n++) parts.push(this.#parts[row[n]!]!);
    return {
      ...this.#wholes[row[hosts]!]!,
      jobs: parts.map((part, n) => this.#jobOf(part, row[n]!, n)),
      hosts: parts.map(part => part.host),
      permits: parts.map(part => part.permit),
      begun: parts.map(part => part.begun),
      answered: parts.map(part => part.answered),
    };
  }

  #jobOf({ job }: Part, id: number, n: number): JobStatus {
    const key = id * 8 + n;
    const known = this.#jobs.get(key);
    if (known !== undefined) return known;
    const { id: jobId, ringId, ringIndex, position, hostId, hostName } = this.#first.jobs[n]!;
    const own = { ...job, id: jobId, ringId, ringIndex, position, hostId, hostName };
    this.#jobs.set(key, own);
    return own;
  }

  #partId(state: State, n: number): number {
    const part = canonicalPart(state, n);
    const { job, host, permit, begun, answered } = part;
    const key = `${job.state},${job.attempt},${job.attemptsLeft},${+job.parked},${+job.infrastructure},${+job.cancelRequested},${+job.touched},${+(job.failureAcceptedBy !== null)},${permit},${+begun},${+answered},${host.stage},${host.attempt},${host.outcome ?? ''}`;
    return numberOf(key, part, this.#partIds, this.#parts);
  }

  #wholeId({ jobs: _jobs, hosts: _hosts, permits: _permits, begun: _begun, answered: _answered, ...whole }: State): number {
    const rings = whole.rings.map(ring => ring.state).join();
    const key = `${whole.rollout},${rings},${+whole.windowOpen},${+whole.permitAfterHalt},${whole.pausesLeft},${whole.resumesLeft}`;
    return numberOf(key, whole, this.#wholeIds, this.#wholes);
  }
}

function numberOf<Item>(key: string, item: Item, ids: Map<string, number>, items: Item[]): number {
  const known = ids.get(key);
  if (known !== undefined) return known;
  const id = items.length;
  if (id > 65_535) throw new RangeError('a state has more different parts than a row can number');
  ids.set(key, id);
  items.push(item);
  return id;
}

function samePart(a: State, b: State, n: number): boolean {
  return (
    a.jobs[n] === b.jobs[n] &&
    a.hosts[n] === b.hosts[n] &&
    a.permits[n] === b.permits[n] &&
    a.begun[n] === b.begun[n] &&
    a.answered[n] === b.answered[n]
  );
}

/** Of the attempt numbers only this matters: whether the host holds the present attempt, an older one, or none. */
function canonicalPart(state: State, n: number): Part {
  const job = state.jobs[n]!;
  const host = state.hosts[n]!;
  const forgotten = host.stage === 'idle' && host.attempt < job.attempt;
  const hostAttempt = host.attempt === 0 || forgotten ? 0 : 1;
  const jobAttempt = job.attempt === 0 ? 0 : hostAttempt === 1 && host.attempt < job.attempt ? 2 : 1;
  // What a job was refused or offered last says nothing about what may follow.
  const plain = JOB_ACTIVE.includes(job.state) ? job : { ...job, retrySince: null, lastHeardAt: null };
  return {
    job: jobAttempt === job.attempt ? plain : { ...plain, attempt: jobAttempt },
    host: hostAttempt === host.attempt ? host : { ...host, attempt: hostAttempt },
    permit: state.permits[n]!,
    begun: state.begun[n]!,
    answered: state.answered[n]!,
  };
}
