import type { BlockSink } from './block-walk.ts';
import type { HostBlock } from './host-block.ts';
import type { HostNumbers } from './host-numbers.ts';
import type { PatchQueue } from './patch-queue.ts';
import { QueueBlock } from './queue-block.ts';
import type { SharedNumbers } from './shared-numbers.ts';
import type { SourceOnHost } from './walked-host.ts';

/** Takes what a walk over a block finds into the numbers of its hosts and into the patch queue. */
export class BlockNumbers implements BlockSink {
  readonly #block: HostBlock;
  readonly #numbers: HostNumbers;
  readonly #shared: SharedNumbers;
  readonly #queueBlock: QueueBlock;
  #nowMs = 0;

  constructor(block: HostBlock, numbers: HostNumbers, shared: SharedNumbers, queue: PatchQueue) {
    this.#block = block;
    this.#numbers = numbers;
    this.#shared = shared;
    this.#queueBlock = new QueueBlock(queue, block, shared);
  }

  begin(nowMs: number): void {
    this.#nowMs = nowMs;
    for (const entry of this.#block.hosts) if (entry !== undefined) this.#numbers.begin(entry.slot);
    this.#queueBlock.begin();
  }

  shared(host: number, row: number): void {
    this.#numbers.addShared(this.#block.first + host, this.#shared, row);
    this.#queueBlock.addShared(host, row);
  }

  own(host: number, found: SourceOnHost): void {
    const { first, exposures, hosts } = this.#block;
    this.#numbers.addSource(first + host, found, exposures[host]!, hosts[host]!.offers !== null, this.#nowMs);
    this.#queueBlock.addOwn(host, found);
  }

  /** `slots`: one more than the highest in use. */
  end(slots: number): void {
    this.#queueBlock.end(slots);
  }
}
