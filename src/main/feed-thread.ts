import { type MessagePort, parentPort } from 'node:worker_threads';
import { originWords, trustedAuthors } from '../core/advisories/trusted-authors.ts';
import { Fault } from '../core/kernel/faults.ts';
import { advisorySources } from '../plugins/advisory-sources/catalog.ts';
import { stageItems } from '../server/feeds/stage.ts';
import { type FeedFile, findFeedFiles, readFeedFile } from './feed-files.ts';
import type { Answer, Ask, PlainFault } from './feed-messages.ts';

/** Messages on their way that the other side has not asked for yet: enough to keep both busy, too few to fill memory. */
const AHEAD = 4;

const port = parentPort as MessagePort;
let credit = 0;
let more: (() => void) | null = null;

function send(answer: Answer): void {
  port.postMessage(answer, answer.kind === 'stage' && answer.event.kind === 'rows' ? [answer.event.copy.buffer] : []);
}

async function find(ask: Extract<Ask, { kind: 'find' }>): Promise<void> {
  const { files, skipped } = findFeedFiles(
    ask.location,
    () => ask.trust,
    advisorySources.find(source => source.id === ask.preferredId) ?? null,
  );
  send({ kind: 'found', files: files.map(({ source, ...rest }) => ({ ...rest, sourceId: source.id })), skipped });
}

async function stage({ file: { sourceId, ...rest }, options, trustedAuthors: named }: Extract<Ask, { kind: 'stage' }>): Promise<void> {
  const file: FeedFile = { ...rest, source: advisorySources.find(source => source.id === sourceId)! };
  credit = AHEAD;
  const { today, origin } = options;
  const trusted = { trustedAuthors: trustedAuthors(named, origin), cameFrom: originWords(origin), isForHosts: true as const };
  const events = readFeedFile(file, { today, releases: null, packages: null, ...trusted });
  for await (const event of stageItems(events, file.source, options.prefix)) {
    while (credit === 0) await new Promise<void>(resolve => (more = resolve));
    credit--;
    send({ kind: 'stage', event: event.kind === 'failed' ? { kind: 'failed', fault: plainFault(event.fault) } : event });
    // A generator over a file in memory never waits by itself; messages are only taken in between.
    await new Promise<void>(resolve => setImmediate(resolve));
  }
}

function plainFault({ code, message, advice }: Fault): PlainFault {
  return { code, message, advice };
}

port.on('message', (ask: Ask) => {
  if (ask.kind === 'more') {
    credit++;
    more?.();
    more = null;
    return;
  }
  (ask.kind === 'find' ? find(ask) : stage(ask)).catch((error: unknown) => {
    if (error instanceof Fault) send({ kind: 'fault', fault: plainFault(error) });
    else throw error;
  });
});
