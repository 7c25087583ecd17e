import { BLOCK_HOSTS, BLOCK_WORDS, type HostBlock, lowestBit } from './host-block.ts';
import { CRITICALITY_AT, FIELDS, PARTS } from './patch-parts.ts';
import { type PatchQueue, WEIGHTS, weightOf } from './patch-queue.ts';
import type { SharedNumbers } from './shared-numbers.ts';
import type { SourceOnHost } from './walked-host.ts';

/**
 * What the hosts of a block add to the patch queue: hosts that are new to it are counted by row and join by patch, the others are compared
 * with what they added before.
 */
export class QueueBlock {
  readonly #queue: PatchQueue;
  readonly #block: HostBlock;
  readonly #shared: SharedNumbers;
  /** Hosts that the queue has nothing of. */
  readonly #isNew = new Uint32Array(BLOCK_WORDS);
  /** The parts of each host: `#room` numbers, of which `#lengths` are in use. */
  #parts: Uint32Array;
  #room = 32 * PARTS;
  readonly #lengths = new Uint32Array(BLOCK_HOSTS);
  /** New hosts by patch, BLOCK_WORDS each: a patch's hosts are added by rising slot, which costs a list no search. */
  #joining = new Uint32Array(256 * BLOCK_WORDS);
  /** By row of SharedNumbers: new hosts that it amounts to, and their weight; and the rows that have any. */
  #rowHosts = new Uint32Array(1024);
  #rowWeights = new Float64Array(1024);
  readonly #metRows: number[] = [];

  constructor(queue: PatchQueue, block: HostBlock, shared: SharedNumbers) {
    this.#queue = queue;
    this.#shared = shared;
    this.#block = block;
    this.#parts = new Uint32Array(BLOCK_HOSTS * this.#room);
  }

  begin(): void {
    this.#lengths.fill(0);
    const { wanted, first } = this.#block;
    for (let word = 0; word < BLOCK_WORDS; word++) {
      this.#isNew[word] = 0;
      for (let left = wanted[word]!; left !== 0; left &= left - 1)
        if (this.#queue.isNew(first + (word << 5) + lowestBit(left))) this.#isNew[word]! |= left & -left;
    }
  }

  addShared(host: number, row: number): void {
    const { parts, partLengths } = this.#shared;
    const length = partLengths[row]!;
    if (length === 0) return;
    const start = row * PARTS;
    const criticality = this.#block.criticalities[host]!;
    const into = this.#roomFor(host);
    for (let at = 0; at < length; at++) this.#parts[into + at] = parts[start + at]!;
    for (let at = 1; at < length; at += FIELDS) this.#parts[into + at]! |= criticality << CRITICALITY_AT;
    this.#lengths[host]! += length;
    const bit = 1 << (host & 31);
    if ((this.#isNew[host >>> 5]! & bit) === 0) return;
    for (let at = start; at < start + length; at += FIELDS) this.#join(parts[at]!, host >>> 5, bit);
    if (row >= this.#rowHosts.length) this.#growRows(row);
    if (this.#rowHosts[row] === 0) this.#metRows.push(row);
    this.#rowHosts[row]! += 1;
    this.#rowWeights[row]! += WEIGHTS[criticality]!;
  }

  addOwn(host: number, found: SourceOnHost): void {
    const before = this.#roomFor(host);
    const end = this.#queue.parts.pack(found, this.#block.exposures[host]!, this.#block.criticalities[host]!, this.#parts, before);
    this.#lengths[host] = end - host * this.#room;
    const bit = 1 << (host & 31);
    if ((this.#isNew[host >>> 5]! & bit) === 0) return;
    for (let at = before; at < end; at += FIELDS) {
      this.#join(this.#parts[at]!, host >>> 5, bit);
      this.#queue.count(this.#parts, at, 1, weightOf(this.#parts[at + 1]!));
    }
  }

  #join(patch: number, word: number, hosts: number): void {
    const at = patch * BLOCK_WORDS + word;
    if (at >= this.#joining.length) {
      const larger = new Uint32Array(at * 2);
      larger.set(this.#joining);
      this.#joining = larger;
    }
    this.#joining[at]! |= hosts;
  }

  end(fleetSize: number): void {
    this.#countRows();
    this.#addHosts(fleetSize);
    const { wanted, first } = this.#block;
    for (let word = 0; word < BLOCK_WORDS; word++)
      for (let left = wanted[word]!; left !== 0; left &= left - 1) {
        const host = (word << 5) + lowestBit(left);
        const start = host * this.#room;
        const length = this.#lengths[host]!;
        if ((this.#isNew[word]! & (left & -left)) !== 0) this.#queue.keep(first + host, this.#parts, start, length);
        else this.#queue.setHost(first + host, fleetSize, this.#parts, start, length);
      }
  }

  #addHosts(fleetSize: number): void {
    const { all } = this.#queue.parts;
    const joining = this.#joining;
    for (let at = 0; at < joining.length; at++) {
      if (joining[at] === 0) continue;
      all[Math.floor(at / BLOCK_WORDS)]!.hosts.addWord((this.#block.first >>> 5) + (at % BLOCK_WORDS), joining[at]!, fleetSize);
      joining[at] = 0;
    }
  }

  #countRows(): void {
    const { parts, partLengths } = this.#shared;
    for (const row of this.#metRows) {
      const start = row * PARTS;
      for (let at = start; at < start + partLengths[row]!; at += FIELDS)
        this.#queue.count(parts, at, this.#rowHosts[row]!, this.#rowWeights[row]!);
      this.#rowHosts[row] = 0;
      this.#rowWeights[row] = 0;
    }
    this.#metRows.length = 0;
  }

  #growRows(row: number): void {
    const hosts = new Uint32Array(row * 2);
    const weights = new Float64Array(row * 2);
    hosts.set(this.#rowHosts);
    weights.set(this.#rowWeights);
    this.#rowHosts = hosts;
    this.#rowWeights = weights;
  }

  /** Where the host's next part goes, with room for PARTS numbers. */
  #roomFor(host: number): number {
    if (this.#lengths[host]! + PARTS > this.#room) this.#grow();
    return host * this.#room + this.#lengths[host]!;
  }

  #grow(): void {
    const larger = new Uint32Array(this.#parts.length * 2);
    for (let host = 0; host < BLOCK_HOSTS; host++)
      larger.set(this.#parts.subarray(host * this.#room, (host + 1) * this.#room), host * this.#room * 2);
    this.#parts = larger;
    this.#room *= 2;
  }
}
