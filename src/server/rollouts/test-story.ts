import type { Access } from '../../api/contract.ts';
import type { RolloutSpecInput } from '../../api/rollout-spec.ts';
import { RolloutSpec } from '../../api/rollout-spec.ts';
import type { RolloutDetailView } from '../../api/rollouts.ts';
import type { JobStatus } from '../../core/rollouts/job-status.ts';
import { type TestDatabase, testDatabase } from '../../db/test-database.ts';
import type { Caller, Context, Logger, RequestInfo } from '../context.ts';
import type { JobPort, PeoplePort } from '../ports.ts';
import { testContext } from '../runtime/test-context.ts';
import { createRollouts, LEASE_HOLDER_BYTES, type Rollouts } from './rollouts.ts';
import { JOB_COLUMNS } from './rows.ts';
import { MortalDb } from './test-crash.ts';
import { HeldClock, ScriptedHost } from './test-fleet.ts';
import { fleetOf, inventoryOf, noWake, type OfferedPatch, twoPeople } from './test-ports.ts';

const ALL: readonly Access[] = ['rollout.read', 'rollout.plan', 'rollout.approve', 'rollout.operate', 'host.read'];
const person = (login: string, permissions: readonly Access[] = ALL, viaToken = false): Caller => ({
  kind: 'person',
  personId: `per_${login}`,
  login,
  name: login,
  roles: [],
  permissions: new Set(permissions),
  viaToken,
});
export const ada = person('ada');
export const grace = person('grace');
export const token = person(
  'grace',
  ALL.filter(one => one !== 'rollout.approve'),
  true,
);
/** Deaths are part of some stories; anything else that the reconciler logs as an error is a defect that a test must see. */
const quiet: Logger = {
  info() {},
  warn() {},
  error: (fields, message) => {
    if (!JSON.stringify(fields).includes('killed at')) console.error(message, fields);
  },
};
const request: RequestInfo = {
  signal: new AbortController().signal,
  remoteAddress: '127.0.0.1',
  secure: false,
  setCookie: () => {},
  cookies: {},
};

/** A story that a test tells: hosts h1..hn with openssl 1, an update to 2, ada who asks and grace who approves, over a real database. */
export class Story {
  readonly clock = new HeldClock();
  readonly reportsAsked: string[] = [];
  readonly context: Context;
  readonly hosts: ScriptedHost[];
  rollouts: Rollouts;
  readonly #database: TestDatabase;
  #people: PeoplePort = twoPeople;
  readonly #excluded: Record<string, string> = {};
  /** Hosts whose inventory says that nothing is half done and nothing has failed. */
  readonly healthy = new Set<string>();
  /** Hosts whose inventory shows a failed unit. */
  readonly failing = new Set<string>();
  /** What group queries resolve to; any other query is every host. */
  readonly fleetQueries = new Map<string, string[]>();

  /** What the patches move, by package, on hosts that have it. */
  readonly target: Record<string, string> = { openssl: '2' };

  /** What policies find to patch. */
  readonly offered: OfferedPatch[] = [];

  /** Between this noun and the database: a test can make it die at any statement. */
  readonly mortal: MortalDb;

  private constructor(database: TestDatabase, count: number) {
    this.#database = database;
    this.mortal = new MortalDb(database.db);
    this.context = testContext(this.mortal, { clock: this.clock, log: quiet });
    this.hosts = Array.from({ length: count }, (_, n) => new ScriptedHost(this.context, `host_h${n + 1}`, { openssl: '1' }));
    this.rollouts = this.replica();
  }

  static async begin(count: number): Promise<Story> {
    const story = new Story(await testDatabase(), count);
    for (const host of story.hosts) await story.addHostRow(host.id, 'agent');
    return story;
  }

  async addHostRow(id: string, reach: string): Promise<void> {
    await this.db.query(`insert into host (id, name, reach, enrolled_at) values ($1, $2, $3, now())`, [id, id, reach]);
  }

  /** Every host that is on has just been heard of. */
  async seen(): Promise<void> {
    await this.db.query(
      `insert into host_seen (host_id, last_seen_at, inventory_at) select id, $1, $1 from host where not id = any($2)
       on conflict (host_id) do update set last_seen_at = excluded.last_seen_at, inventory_at = excluded.inventory_at`,
      [this.clock.now(), this.hosts.filter(host => !host.online).map(host => host.id)],
    );
  }

  get url(): string {
    return this.#database.url;
  }
  get db() {
    return this.#database.db;
  }
  get jobs(): JobPort {
    return this.rollouts.jobs;
  }
  host(n: number): ScriptedHost {
    return this.hosts[n - 1]!;
  }
  exclude(n: number, reason: string): void {
    this.#excluded[`host_h${n}`] = reason;
  }
  alone(): void {
    this.#people = { isSinglePerson: async () => true };
    this.rollouts = this.replica();
  }

  /** Another server process over the same database. Two with the same `identity` both take the lease for theirs. */
  replica(identity?: string): Rollouts {
    const context: Context =
      identity === undefined
        ? this.context
        : { ...this.context, randomHex: bytes => (bytes === LEASE_HOLDER_BYTES ? identity : this.context.randomHex(bytes)) };
    const rollouts = createRollouts(context, {
      fleet: fleetOf(this.hosts, this.target, this.#excluded, this.fleetQueries, this.offered),
      inventory: inventoryOf(this.hosts, this.reportsAsked, this.healthy, this.failing),
      wake: noWake,
      people: this.#people,
    });
    // Agents ask all the time; what these hosts do here is only what a test is about.
    const reconcileOnce = async (): Promise<void> => {
      await this.seen();
      await rollouts.reconcileOnce();
    };
    return { ...rollouts, reconcileOnce };
  }
  /** kill -9 and start: nothing but the database survives. */
  restart(): void {
    this.rollouts = this.replica();
  }

  async end(): Promise<void> {
    await this.rollouts.stop();
    await this.#database.close();
  }

  async act(
    id: string,
    verb: 'submit' | 'request-approval' | 'approve' | 'reject' | 'start' | 'pause' | 'resume' | 'halt' | 'cancel' | 'edit',
    caller: Caller = ada,
    more: { planHash?: string; reason?: string } = {},
  ): Promise<RolloutDetailView> {
    return await this.rollouts.handlers.rolloutAct(
      {
        params: { id },
        query: undefined,
        body: { verb, reason: more.reason ?? '', ...(more.planHash === undefined ? {} : { planHash: more.planHash }) },
      },
      caller,
      request,
    );
  }
  async get(id: string, caller: Caller = ada): Promise<RolloutDetailView> {
    return await this.rollouts.handlers.rolloutGet({ params: { id }, query: undefined, body: undefined }, caller, request);
  }
  async draft(spec: Partial<RolloutSpecInput> = {}): Promise<string> {
    const body = RolloutSpec.parse({
      name: 'openssl',
      patchIds: ['pat_openssl'],
      selector: { query: 'env = lab' },
      rehearse: 'none',
      ...spec,
    });
    return (await this.rollouts.handlers.rolloutCreate({ params: undefined, query: undefined, body }, ada, request)).rollout.id;
  }
  async plan(spec: Partial<RolloutSpecInput> = {}): Promise<string> {
    const id = await this.draft(spec);
    await this.act(id, 'submit');
    await this.turn();
    await this.turn();
    return id;
  }
  async approved(spec: Partial<RolloutSpecInput> = {}): Promise<string> {
    const id = await this.plan(spec);
    await this.approve(id);
    return id;
  }
  async approve(id: string): Promise<void> {
    await this.act(id, 'request-approval');
    await this.act(id, 'approve', grace, { planHash: (await this.get(id)).rollout.planHash! });
  }
  async started(spec: Partial<RolloutSpecInput> = {}): Promise<string> {
    const id = await this.approved(spec);
    await this.act(id, 'start');
    return id;
  }
  /** One pass of the reconciler, then every host checks in. */
  async turn(): Promise<void> {
    await this.rollouts.reconcileOnce();
    for (const host of this.hosts) await host.work(this.jobs);
  }
  /** Turns with a minute in between until the rollout is in one of the states. */
  async until(id: string, states: readonly string[], turnsMax = 60): Promise<RolloutDetailView> {
    for (let turn = 0; turn < turnsMax; turn++) {
      await this.turn();
      await this.rollouts.reconcileOnce();
      const now = await this.get(id);
      if (states.includes(now.rollout.state)) return now;
      this.clock.advance(60);
    }
    const now = await this.get(id);
    throw new Error(`still ${now.rollout.state} (${now.rollout.stateReason}): ${JSON.stringify(await this.jobStates(id))}`);
  }
  async jobRows(id: string): Promise<JobStatus[]> {
    return await this.db.query<JobStatus>(`select ${JOB_COLUMNS} from job where rollout_id = $1 order by ring_index, position`, [id]);
  }
  async jobStates(id: string): Promise<Record<string, string>> {
    return Object.fromEntries((await this.jobRows(id)).map(job => [job.hostName, job.state]));
  }
  async refused(work: Promise<unknown>): Promise<string> {
    return await work.then(
      () => 'allowed',
      (error: Error) => error.message,
    );
  }
  readonly request = request;
}
