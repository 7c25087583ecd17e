import { inject } from 'vitest';
import type { PatchView } from '../../src/api/findings.ts';
import type { HostSummaryView } from '../../src/api/hosts.ts';
import type { JobView } from '../../src/api/jobs.ts';
import type { RolloutSpecInput } from '../../src/api/rollout-spec.ts';
import type { RolloutDetailView } from '../../src/api/rollouts.ts';
import { address, must, until } from '../harness/fleet.ts';
import { AGENT_HOSTS, SSH_HOSTS } from '../harness/lab-setup.ts';
import { Person, type RunningServer, startServer, tokenOf } from '../harness/server.ts';

/** The story's state: one server, two people, six hosts. Scenarios run in order and share it. */
export const PASSWORD = 'a long enough password for the lab';

export class World {
  server!: RunningServer;
  admin!: Person;
  approver!: Person;
  readonly ids = new Map<string, string>();

  async start(): Promise<void> {
    const lab = inject('lab');
    this.server = await startServer({ dataDir: lab.dataDir, port: lab.port, host: lab.gateway });
  }

  /** Once only: the link works once, and a second try of the first test must not lose the session of the first. */
  async setUpPeople(): Promise<void> {
    if (this.approver !== undefined) return;
    const link = this.server.link();
    if (link === null) throw new Error(`no one-time link was printed:\n${this.server.output()}`);
    const admin = new Person(this.server.url);
    await admin.client.setupAdministrator({ body: { token: tokenOf(link), login: 'ada', name: 'Ada Admin', password: PASSWORD } });
    this.admin = admin;
    const invitation = await admin.client.invitationCreate({ body: { login: 'grace', roles: ['approver'] } });
    const approver = new Person(this.server.url);
    await approver.client.invitationAccept({ body: { token: tokenOf(invitation.url), name: 'Grace Approver', password: PASSWORD } });
    this.approver = approver;
  }

  async enrolAgents(): Promise<void> {
    await Promise.all(
      AGENT_HOSTS.filter(host => !this.ids.has(host)).map(async host => {
        const made = await this.admin.client.enrolmentCreate({ body: { labels: { env: 'lab', reach: 'agent' } } });
        await must(host, 'sh', '-c', made.command);
        const seen = await until(`the inventory of ${host}`, 120_000, async () => {
          const now = await this.admin.client.enrolmentGet({ params: { id: made.enrolment.id } });
          return now.state === 'received' ? now : null;
        });
        this.ids.set(host, seen.hostId!);
      }),
    );
  }

  async enrolSsh(): Promise<void> {
    if (SSH_HOSTS.every(host => this.ids.has(host))) return;
    const lab = inject('lab');
    const { targets } = await this.admin.client.hostSshImport({
      body: {
        addresses: SSH_HOSTS.map(host => `ops@${address(host)}`).join('\n'),
        user: 'ops',
        authentication: { kind: 'key', privateKey: lab.key },
        sudo: 'passwordless',
        labels: { env: 'lab', reach: 'ssh' },
      },
    });
    const shown = await until('host keys', 60_000, async () => {
      const now = (await this.admin.client.hostSshTargets({})).targets.filter(t => targets.some(mine => mine.id === t.id));
      return now.every(t => t.state === 'awaiting-key-confirmation') ? now : null;
    });
    await this.admin.client.hostSshConfirm({ body: { ids: shown.map(t => t.id) } });
    const done = await until('the inventory of the SSH hosts', 180_000, async () => {
      const now = (await this.admin.client.hostSshTargets({})).targets.filter(t => targets.some(mine => mine.id === t.id));
      const failed = now.find(t => t.state === 'failed');
      if (failed !== undefined) throw new Error(`${failed.address}: ${failed.message}`);
      return now.every(t => t.state === 'received') ? now : null;
    });
    for (const host of SSH_HOSTS) this.ids.set(host, done.find(t => t.address === address(host))!.hostId!);
  }

  id(host: string): string {
    const id = this.ids.get(host);
    if (id === undefined) throw new Error(`${host} is not enrolled`);
    return id;
  }

  async host(name: string): Promise<HostSummaryView> {
    return (await this.admin.client.hostGet({ params: { id: this.id(name) } })).host;
  }

  /** Asks for a fresh inventory and waits until it is stored. */
  async refresh(...names: string[]): Promise<void> {
    const asked = new Map<string, string | null>();
    for (const name of names) {
      asked.set(name, (await this.host(name)).inventoryAt);
      await this.admin.client.hostRefresh({ params: { id: this.id(name) } });
    }
    for (const name of names)
      await until(
        `a fresh inventory of ${name}`,
        90_000,
        async () => ((await this.host(name)).inventoryAt ?? '') > (asked.get(name) ?? ''),
      );
  }

  async patches(host: string): Promise<PatchView[]> {
    return (await this.admin.client.patchList({ query: { host: this.id(host), pageSize: 500 } })).items;
  }

  async patch(host: string, sourceName: string): Promise<PatchView> {
    const found = (await this.patches(host)).filter(p => p.sourceName === sourceName);
    if (found.length !== 1) throw new Error(`${host} has ${found.length} patches of ${sourceName}`);
    return found[0]!;
  }

  async findings(host: string, source: string) {
    return (await this.admin.client.findingList({ query: { host: this.id(host), source, pageSize: 500 } })).items;
  }

  /** Without rehearsals in a copy, unless the spec asks for them: their own scenario has them. Drafts, simulates, asks, lets the second person approve, starts. */
  async launch(spec: Omit<RolloutSpecInput, 'selector'> & { hosts: readonly string[] }): Promise<string> {
    const { hosts, ...rest } = spec;
    const drafted = await this.admin.client.rolloutCreate({
      body: { rehearse: 'none', ...rest, selector: { hostIds: hosts.map(host => this.id(host)) } },
    });
    return await this.approveAndStart(drafted.rollout.id);
  }

  async approveAndStart(id: string): Promise<string> {
    await this.act(id, 'submit');
    const planned = await this.reach(id, ['planned', 'draft'], 120_000);
    if (planned.rollout.state === 'draft')
      throw new Error(`the plan was refused: ${planned.rollout.stateReason} ${JSON.stringify(planned.plan?.lint)}`);
    await this.act(id, 'request-approval');
    await this.approver.client.rolloutAct({ params: { id }, body: { verb: 'approve', planHash: planned.rollout.planHash! } });
    const now = await this.admin.client.rolloutGet({ params: { id } });
    if (now.verbs.find(v => v.verb === 'start')?.enabled) await this.act(id, 'start');
    return id;
  }

  async act(
    id: string,
    verb: 'submit' | 'request-approval' | 'start' | 'pause' | 'resume' | 'halt' | 'cancel',
    reason = '',
  ): Promise<RolloutDetailView> {
    return await this.admin.client.rolloutAct({ params: { id }, body: { verb, reason } });
  }

  async reach(id: string, states: readonly string[], ms = 240_000): Promise<RolloutDetailView> {
    return await until(`rollout ${id} to be ${states.join(' or ')}`, ms, async () => {
      const now = await this.admin.client.rolloutGet({ params: { id } });
      return states.includes(now.rollout.state) ? now : null;
    }).catch(async error => {
      const [now, jobs] = [await this.admin.client.rolloutGet({ params: { id } }), await this.jobs(id)];
      throw new Error(
        `${String(error)}; it is ${now.rollout.state} (${now.rollout.stateReason}); ${JSON.stringify(now.waitingOn)}; jobs: ${jobs.map(j => `${j.hostName} ${j.state} ${j.phase} ${j.failure ?? j.waitingOn ?? ''}`).join('; ')}`,
      );
    });
  }

  async jobs(id: string): Promise<JobView[]> {
    return (await this.admin.client.rolloutJobs({ params: { id }, query: { pageSize: 500 } })).items;
  }

  async job(id: string, host: string): Promise<JobView> {
    const found = (await this.jobs(id)).find(job => job.hostId === this.id(host));
    if (found === undefined) throw new Error(`rollout ${id} has no job for ${host}`);
    return found;
  }
}

/** Canary of the first host named, then the rest at once. */
export const canaryThenRest = (canary: string, world: World, rest = 5) => [
  { name: 'canary', hostIds: [world.id(canary)], soakMinutes: 0, concurrency: 1 },
  { name: 'rest', percent: 100, soakMinutes: 0, concurrency: rest },
];
export const oneRing = [{ name: 'all', percent: 100, soakMinutes: 0, concurrency: 5 }];
