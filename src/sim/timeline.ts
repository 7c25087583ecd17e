import { type Instant, toInstant } from '../core/kernel/instants.ts';

/** As many instants are written again and again: now, and when each host was last heard of. A power of two. */
const KEPT = 256;
const keptMs = new Float64Array(KEPT).fill(Number.NaN);
const keptText: Instant[] = new Array<Instant>(KEPT).fill('');

/** The text of an instant; writing it anew each time is a quarter of the simulator's time. */
export function instantOf(ms: number): Instant {
  const slot = ms & (KEPT - 1);
  if (ms !== keptMs[slot]) {
    keptText[slot] = toInstant(ms);
    keptMs[slot] = ms;
  }
  return keptText[slot]!;
}

interface Entry {
  readonly atMs: number;
  /** Ties are kept in the order of scheduling, so that a run can be repeated. */
  readonly order: number;
  readonly run: () => void;
}

/** Time that moves only when everything due has happened: a binary heap of what is to come. */
export class Timeline {
  #heap: Entry[] = [];
  #order = 0;
  nowMs: number;
  ran = 0;

  constructor(startMs: number) {
    this.nowMs = startMs;
  }

  at(atMs: number, run: () => void): void {
    this.#push({ atMs: Math.max(Math.round(atMs), this.nowMs), order: this.#order++, run });
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.nowMs + delayMs, run);
  }

  /** Runs everything up to `untilMs`, or until `stop` says so. */
  runUntil(untilMs: number, stop: () => boolean = () => false): void {
    while (this.#heap.length > 0 && this.#heap[0]!.atMs <= untilMs && !stop()) {
      const entry = this.#pop();
      this.nowMs = entry.atMs;
      this.ran += 1;
      entry.run();
    }
    if (!stop()) this.nowMs = Math.max(this.nowMs, untilMs);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!earlier(entry, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): Entry {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = index * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && earlier(heap[child + 1]!, heap[child]!)) child += 1;
      if (!earlier(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function earlier(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
