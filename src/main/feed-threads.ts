import { Worker } from 'node:worker_threads';
import { Fault } from '../core/kernel/faults.ts';
import { FEED_THREAD_HEAP_MB } from '../core/kernel/limits.ts';
import { advisorySources } from '../plugins/advisory-sources/catalog.ts';
import { type FeedFile, type FeedFiles, type FeedFilesPort, interrupted, type StageOptions } from '../server/feeds/feed-files.ts';
import type { StageEvent } from '../server/feeds/stage.ts';
import type { Answer, Ask, PlainFault } from './feed-messages.ts';

/**
 * Feed files are read, unpacked and turned into rows in a thread of their own, made for one import: half a million records parsed beside the requests
 * would let each of them wait, and what an import allocates goes with its thread.
 */
export const feedThreads: FeedFilesPort = feedThreadsTrusting([]);

/** `authors`: whose exploitability statements count, beside the distributions. */
export function feedThreadsTrusting(authors: readonly string[]): FeedFilesPort {
  return { sources: advisorySources, trustedAuthors: authors, open: () => new FeedThread(authors) };
}

/** Loading the readers takes a second where there is little processor to be had; a thread that has just been used serves the next import too. */
const KEPT_MS = 20_000;
let kept: { readonly conversation: Conversation; readonly end: NodeJS.Timeout } | null = null;

function takeKept(): Conversation | null {
  if (kept === null) return null;
  const { conversation, end } = kept;
  kept = null;
  clearTimeout(end);
  if (conversation.ended !== null) return null;
  conversation.hold();
  return conversation;
}

/** It must not keep a process alive, nor its memory for long. */
function keep(conversation: Conversation): void {
  conversation.letGo();
  const end = setTimeout(() => {
    if (kept?.conversation === conversation) kept = null;
    void conversation.end();
  }, KEPT_MS);
  end.unref();
  kept = { conversation, end };
}

class FeedThread implements FeedFiles {
  readonly #trustedAuthors: readonly string[];
  #closed = false;
  #conversation: Conversation | null = null;

  constructor(trustedAuthors: readonly string[]) {
    this.#trustedAuthors = trustedAuthors;
  }

  /** A thread that died of one file is replaced for the next. */
  #talk(): Conversation {
    if (this.#closed) throw interrupted();
    if (this.#conversation === null || this.#conversation.ended !== null) this.#conversation = takeKept() ?? new Conversation();
    return this.#conversation;
  }

  async find(...[location, trust, preferredId = null]: Parameters<FeedFiles['find']>): ReturnType<FeedFiles['find']> {
    const talk = this.#talk();
    talk.ask({ kind: 'find', location, trust, preferredId });
    const answer = await talk.next();
    if (answer.kind === 'fault') throw faultOf(answer.fault);
    if (answer.kind !== 'found') throw new Error(`the reading thread answered ${answer.kind}`);
    const files = answer.files.map(({ sourceId, ...plain }) => ({ ...plain, source: advisorySources.find(({ id }) => id === sourceId)! }));
    return { files, skipped: answer.skipped };
  }

  async *stage({ source, ...plain }: FeedFile, options: StageOptions): AsyncIterable<StageEvent> {
    const talk = this.#talk();
    talk.ask({ kind: 'stage', file: { ...plain, sourceId: source.id }, options, trustedAuthors: this.#trustedAuthors });
    for (;;) {
      const answer = await talk.next();
      if (answer.kind === 'fault') throw faultOf(answer.fault);
      if (answer.kind !== 'stage') throw new Error(`the reading thread answered ${answer.kind}`);
      const { event } = answer;
      yield event.kind === 'failed' ? { kind: 'failed', fault: faultOf(event.fault) } : event;
      if (event.kind !== 'rows') return;
      talk.ask({ kind: 'more' });
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const conversation = this.#conversation;
    this.#conversation = null;
    if (conversation === null) return;
    if (conversation.isIdle && kept === null) keep(conversation);
    else await conversation.end();
  }
}

/** One thread and what it says, in order. */
class Conversation {
  ended: Error | null = null;
  /** Whether everything that was asked has been answered. */
  isIdle = true;
  readonly #worker = new Worker(new URL('./feed-thread.ts', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: FEED_THREAD_HEAP_MB },
  });
  readonly #answers: Answer[] = [];
  #waiting: (() => void) | null = null;

  constructor() {
    this.#worker.on('message', (answer: Answer) => {
      this.#answers.push(answer);
      this.#wake();
    });
    // Out of memory, or a defect of a reader: the file fails, the server goes on.
    this.#worker.on('error', error => this.#stop(deathOf(error)));
    this.#worker.on('exit', () => this.#stop(interrupted()));
  }

  hold(): void {
    this.#worker.ref();
  }

  letGo(): void {
    this.#worker.unref();
  }

  ask(ask: Ask): void {
    this.isIdle = false;
    this.#worker.postMessage(ask);
  }

  async next(): Promise<Answer> {
    for (;;) {
      const answer = this.#answers.shift();
      if (answer !== undefined) {
        this.isIdle = answer.kind !== 'stage' || answer.event.kind !== 'rows';
        return answer;
      }
      if (this.ended !== null) throw this.ended;
      await new Promise<void>(resolve => (this.#waiting = resolve));
    }
  }

  async end(): Promise<void> {
    this.#stop(interrupted());
    await this.#worker.terminate();
  }

  #stop(error: Error): void {
    this.ended ??= error;
    this.#wake();
  }

  #wake(): void {
    this.#waiting?.();
    this.#waiting = null;
  }
}

function faultOf({ code, message, advice }: PlainFault): Fault {
  return new Fault(code, message, advice);
}

function deathOf(error: unknown): Error {
  if ((error as NodeJS.ErrnoException).code !== 'ERR_WORKER_OUT_OF_MEMORY') return error as Error;
  return new Fault(
    'feed-too-large',
    `Reading the feed took more than ${FEED_THREAD_HEAP_MB} MB of memory.`,
    'Check where the file comes from. If it is genuine, raise FEED_THREAD_HEAP_MB in src/core/kernel/limits.ts.',
    error,
  );
}
