import type { Role } from '../api/access.ts';
import type { Access } from '../api/contract.ts';
import type { RolloutSpecInput } from '../api/rollout-spec.ts';
import type { RolloutDetailView } from '../api/rollouts.ts';
import { addMs, DAY_MS, type Instant, MINUTE_MS } from '../core/kernel/instants.ts';
import { isFinal } from '../core/kernel/machine.ts';
import { ROLLOUT } from '../core/rollouts/rollout-states.ts';
import type { Verb } from '../core/rollouts/verbs.ts';
import type { Caller } from '../server/context.ts';
import type { DemoHost } from './demo-host.ts';
import { ask, type DemoServer, each, type StoryClock } from './world.ts';

export type Person = Extract<Caller, { kind: 'person' }>;

/** What the story stands on: a server in parts, hosts, and the way to hear who has something to do. */
export interface Stage {
  readonly server: DemoServer;
  readonly clock: StoryClock;
  readonly hosts: readonly DemoHost[];
  /** The moment at which the story ends: now. */
  readonly end: Instant;
  /** Ids of hosts that the engine waits for. */
  hostsWithWork(): Promise<ReadonlySet<string>>;
  /** How long nothing moves by itself: until hosts or windows do. */
  restMs(): Promise<number>;
}

/** Requests of so many hosts at once; PostgreSQL has two cores to itself at most. */
const AT_ONCE = 6;
const BUSY_STEP_MS = 75_000;
const HEARD_MS = 3 * MINUTE_MS;
/** Roles with an availability group. */
const SERVE_TOGETHER: readonly string[] = ['lb', 'web'];

/** Tells what people and hosts did, through the handlers of the API, under a clock that it moves itself. */
export class Story {
  readonly stage: Stage;
  readonly people = new Map<string, Person>();
  /** Looked at between two steps of the time: people at their desks. */
  readonly onLook: (() => Promise<void>)[] = [];
  readonly #byId = new Map<string, DemoHost>();
  #turnAt: Instant = '';

  constructor(stage: Stage) {
    this.stage = stage;
  }

  get server(): DemoServer {
    return this.stage.server;
  }
  get now(): Instant {
    return this.stage.clock.now();
  }
  person(login: string): Person {
    const found = this.people.get(login);
    if (found === undefined) throw new Error(`nobody is called ${login}`);
    return found;
  }
  know(host: DemoHost): void {
    this.#byId.set(host.hostId, host);
  }
  host(id: string): DemoHost {
    return this.#byId.get(id)!;
  }
  daysAgo(days: number, hour = 9, minute = 0): Instant {
    return `${addMs(this.stage.end, -days * DAY_MS).slice(0, 10)}T${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}:00.000Z`;
  }

  addPerson(session: {
    readonly person: { readonly id: string; readonly login: string; readonly name: string; readonly roles: readonly Role[] };
    readonly permissions: readonly string[];
  }): void {
    const { id, login, name, roles } = session.person;
    this.people.set(login, {
      kind: 'person',
      personId: id,
      login,
      name,
      roles,
      permissions: new Set(session.permissions as Access[]),
      viaToken: false,
    });
  }

  /** Those hosts live on until now and report; `asTheyAre`: nobody touches them in between. */
  async refresh(wanted: (host: DemoHost) => boolean = () => true, asTheyAre = false): Promise<void> {
    const now = this.now;
    await each(
      this.stage.hosts.filter(host => host.hostId !== '' && !host.silent && host.part.reach === 'agent' && wanted(host)),
      AT_ONCE,
      async host => {
        if (!asTheyAre) host.machine.live(now);
        await host.report();
      },
    );
    await this.server.settled();
  }

  /** One pass of the reconciler, then whoever has something to do checks in. True when somebody did. */
  async turn(): Promise<boolean> {
    // The engine offers nothing to hosts that were not heard of for minutes, and a step of the story may be hours.
    if (this.#turnAt === '' || this.now > addMs(this.#turnAt, HEARD_MS)) await this.#checkIn();
    this.#turnAt = this.now;
    await this.server.reconcileOnce();
    return await this.#checkIn();
  }

  async #checkIn(): Promise<boolean> {
    const waiting = await this.stage.hostsWithWork();
    const called = this.stage.hosts.filter(host => waiting.has(host.hostId));
    // Whoever serves together is only known to be well while it is heard of.
    const roles = new Set(called.map(host => host.part.role).filter(role => SERVE_TOGETHER.includes(role)));
    let worked = false;
    await each(
      this.stage.hosts.filter(host => waiting.has(host.hostId) || (roles.has(host.part.role) && this.now > addMs(host.heardAt, HEARD_MS))),
      AT_ONCE,
      async host => {
        if (await host.checkIn()) worked = true;
      },
    );
    return worked;
  }

  async advanceTo(at: Instant): Promise<void> {
    while (this.now < at) {
      const worked = await this.turn();
      for (const look of this.onLook) await look();
      const step = worked ? BUSY_STEP_MS : await this.stage.restMs();
      const next = addMs(this.now, step);
      this.stage.clock.advanceTo(next < at ? next : at);
    }
  }

  async get(id: string): Promise<RolloutDetailView> {
    return await ask(this.server, this.person('ada'), 'rolloutGet', { params: { id } });
  }

  async act(
    login: string,
    id: string,
    verb: Verb,
    more: { readonly reason?: string; readonly planHash?: string } = {},
  ): Promise<RolloutDetailView> {
    return await ask(this.server, this.person(login), 'rolloutAct', {
      params: { id },
      body: { verb, reason: more.reason ?? '', ...(more.planHash ? { planHash: more.planHash } : {}) },
    });
  }

  /** Turns, the time between them growing while nothing happens, until the rollout is in one of these states. */
  async until(id: string, states: readonly string[], turnsMax = 400): Promise<RolloutDetailView> {
    let quiet = 0;
    for (let turn = 0; turn < turnsMax; turn++) {
      const worked = await this.turn();
      const now = await this.get(id);
      if (states.includes(now.rollout.state)) return now;
      if (isFinal(ROLLOUT, now.rollout.state) || now.rollout.state === 'draft')
        throw new Error(`${now.rollout.name} is ${now.rollout.state}: ${now.rollout.stateReason}`);
      quiet = worked ? 0 : quiet + 1;
      if (quiet % 5 === 2) await this.clearEvidence(id);
      this.stage.clock.advance(quiet < 3 ? BUSY_STEP_MS : Math.min(quiet * 5, 120) * MINUTE_MS);
    }
    const { rollout, waitingOn } = await this.get(id);
    throw new Error(`${rollout.name} is still ${rollout.state}: ${waitingOn.map(one => one.text).join('; ')}`);
  }

  /** Where the decision table asks for evidence first, somebody collects it and says so. */
  async clearEvidence(id: string): Promise<void> {
    const { items } = await ask(this.server, this.person('jonas'), 'rolloutJobs', { params: { id }, query: { pageSize: 500 } });
    const hostIds = items.filter(job => job.waitingCode === 'forensic').map(job => job.hostId);
    if (hostIds.length === 0) return;
    const reason = 'Disk and memory images are with the incident team.';
    await ask(this.server, this.person('jonas'), 'rolloutForensic', { params: { id }, body: { hostIds, reason } });
  }

  /** The first patches of the queue for these hosts. */
  async patches(
    query: string,
    count: number,
    wanted: (patch: { sourceName: string; platform: string; hosts: number }) => boolean = () => true,
  ) {
    await this.server.settled();
    const { items } = await ask(this.server, this.person('ada'), 'patchList', {
      query: { query: `(${query}) and reach = agent`, security: 'true', pageSize: 60 },
    });
    const free = items.filter(patch => patch.hosts > patch.hostsHeld + patch.hostsNotOffered + patch.hostsInRollout && wanted(patch));
    // What came out since hosts last reported is offered to nobody yet; uploaded lists are offered nothing at all.
    const known = free.filter(patch => patch.hostsNotOffered * 4 < patch.hosts);
    return (known.length > 0 ? known : free).slice(0, count);
  }

  async draft(login: string, spec: RolloutSpecInput): Promise<string> {
    return (await ask(this.server, this.person(login), 'rolloutCreate', { body: spec })).rollout.id;
  }

  async planned(login: string, spec: RolloutSpecInput): Promise<string> {
    const id = await this.draft(login, spec);
    await this.act(login, id, 'submit');
    await this.until(id, ['planned']);
    return id;
  }

  async askApproval(login: string, id: string): Promise<void> {
    await this.act(login, id, 'request-approval', { reason: 'Read through with the team that runs these hosts.' });
  }

  async approve(login: string, id: string): Promise<void> {
    const { rollout } = await this.get(id);
    await this.act(login, id, 'approve', { planHash: rollout.planHash ?? '' });
  }

  async approved(login: string, spec: RolloutSpecInput): Promise<string> {
    const id = await this.planned(login, spec);
    this.stage.clock.advance(12 * MINUTE_MS);
    await this.askApproval(login, id);
    this.stage.clock.advance(47 * MINUTE_MS);
    await this.approve('grace', id);
    return id;
  }
}
