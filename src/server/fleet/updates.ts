import type { Context } from '../context.ts';
import type { FleetModel } from './model.ts';

export interface Updates {
  noteHost(hostId: string): void;
  noteFeeds(feedIds: readonly string[]): void;
  /** Resolves when everything noted before the call is in the model, or could not be taken in: an old answer is better than none. */
  taken(): Promise<void>;
  /** As `taken`, and the numbers of all hosts follow: after an advisory about a package that all have, a second or two later. */
  settled(): Promise<void>;
  /** `goOn` may throw while the tables are read. */
  start(goOn: () => void): Promise<void>;
  stop(): Promise<void>;
}

const HOSTS_AT_ONCE = 200;
/** After an error (the database restarts): what was noted is kept and tried again. */
const RETRY_MS = 2_000;
/** Another replica may store reports and feeds too: its changes are found by their time, this often. */
const LOOK_ROUND_MS = 30_000;

/** Takes changes into the model one batch after the other, so that the model has one writer and bursts are joined. */
export function createUpdates(context: Context, model: FleetModel): Updates {
  const { db, log } = context;
  const hosts = new Set<string>();
  const feeds = new Set<string>();
  let running: Promise<void> | null = null;
  /** Who waits for what was noted; told when all of it was taken in, or when that failed. */
  let waiting: (() => void)[] = [];
  let isTaking = false;
  let isStarted = false;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  let round: NodeJS.Timeout | undefined;
  let seen = { inventoryAt: '', feedAt: '' };

  const isNoted = () => hosts.size + feeds.size > 0;

  async function takeAll(): Promise<void> {
    isTaking = true;
    try {
      while (isNoted() && !isStopped) await takeSome();
    } finally {
      isTaking = false;
      tellWaiting();
    }
  }

  function tellWaiting(): void {
    const told = waiting;
    waiting = [];
    for (const tell of told) tell();
  }

  async function takeSome(): Promise<void> {
    const feedIds = [...feeds];
    const hostIds = [...hosts].slice(0, HOSTS_AT_ONCE);
    for (const id of feedIds) feeds.delete(id);
    for (const id of hostIds) hosts.delete(id);
    try {
      if (hostIds.length > 0) await model.takeHosts(hostIds);
      if (feedIds.length > 0) await model.takeFeeds(feedIds);
    } catch (error) {
      if (isStopped) return;
      for (const id of feedIds) feeds.add(id);
      for (const id of hostIds) hosts.add(id);
      throw error;
    }
  }

  /** What is noted comes first: which hosts an advisory names does not wait for the numbers of the one before. */
  async function work(): Promise<void> {
    do await takeAll();
    while (!isStopped && !(await model.refresh(() => !isNoted() && !isStopped)));
  }

  function run(): void {
    if (!isStarted || isStopped || running !== null || timer !== undefined) return;
    running = work()
      .catch(error => {
        log.error({ error: String((error as Error).stack ?? error) }, 'the fleet model could not take in a change; it tries again');
        timer = setTimeout(() => {
          timer = undefined;
          run();
        }, RETRY_MS);
        timer.unref();
      })
      .then(() => {
        running = null;
        if (isNoted()) run();
      });
  }

  async function lookRound(): Promise<void> {
    const newer = await db.query<{ host_id: string; observed_at: string }>(
      "select host_id, observed_at from host_inventory where observed_at > $1::timestamptz - interval '5 seconds' order by observed_at",
      [seen.inventoryAt || context.clock.now()],
    );
    for (const { host_id: hostId, observed_at: at } of newer) {
      if (model.observedAt(hostId) !== Date.parse(at)) hosts.add(hostId);
      seen = { ...seen, inventoryAt: at };
    }
    const loaded = await db.query<{ id: string; loaded_at: string }>(
      'select id, loaded_at from feed where loaded_at > $1::timestamptz order by loaded_at',
      [seen.feedAt || context.clock.now()],
    );
    for (const { id, loaded_at: at } of loaded) {
      feeds.add(id);
      seen = { ...seen, feedAt: at };
    }
    run();
  }

  return {
    noteHost(hostId) {
      hosts.add(hostId);
      run();
    },
    noteFeeds(feedIds) {
      for (const id of feedIds) feeds.add(id);
      run();
    },
    async taken() {
      if (isTaking || (isNoted() && running !== null && timer === undefined)) await new Promise<void>(resolve => waiting.push(resolve));
    },
    async settled() {
      // The batch under way, and one more for what was noted meanwhile; whoever notes without end does not hold up an answer.
      for (let turn = 0; turn < 3 && running !== null; turn++) await running;
    },
    async start(goOn) {
      const at = context.clock.now();
      await model.load(goOn);
      seen = { inventoryAt: at, feedAt: at };
      isStarted = true;
      run();
      round = setInterval(() => {
        lookRound().catch(error => log.warn({ error: String(error) }, 'the fleet model could not look for changes of other replicas'));
      }, LOOK_ROUND_MS);
      round.unref();
    },
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      clearInterval(round);
      await running;
      tellWaiting();
    },
  };
}
