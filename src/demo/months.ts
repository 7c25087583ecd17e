import { DAY_MS, HOUR_MS, MINUTE_MS } from '../core/kernel/instants.ts';
import type { DemoHost } from './demo-host.ts';
import type { Story } from './story.ts';
import { ask } from './world.ts';

interface Week {
  readonly daysAgo: number;
  readonly query: string;
  readonly hosts: (host: DemoHost) => boolean;
  readonly words: string;
  readonly reboot?: 'if-needed';
}

const isIn = (wanted: Partial<Record<string, readonly string[]>>) => (host: DemoHost) =>
  Object.entries(wanted).every(([label, values]) => values!.includes(host.part.labels[label] ?? ''));

/** What was rolled out in the first months, before a policy did it. */
const WEEKS: readonly Week[] = [
  { daysAgo: 99, query: 'role = dns', hosts: isIn({ role: ['dns'] }), words: 'name servers' },
  { daysAgo: 88, query: 'role = lb and env = prod', hosts: isIn({ role: ['lb'] }), words: 'load balancers' },
  { daysAgo: 77, query: 'role = mail', hosts: isIn({ role: ['mail'] }), words: 'mail servers' },
  {
    daysAgo: 70,
    query: 'role = app and env = prod and site = fra',
    hosts: isIn({ role: ['app'], site: ['fra'], env: ['prod'] }),
    words: 'application servers in Frankfurt',
  },
  {
    daysAgo: 62,
    query: 'role = files or role = proxy',
    hosts: isIn({ role: ['files', 'proxy'] }),
    words: 'office servers',
    reboot: 'if-needed',
  },
  { daysAgo: 41, query: 'role = sql', hosts: isIn({ role: ['sql'] }), words: 'MariaDB servers' },
  {
    daysAgo: 33,
    query: 'role = container and env = prod and site = ams',
    hosts: isIn({ role: ['container'], site: ['ams'], env: ['prod'] }),
    words: 'container hosts in Amsterdam',
    reboot: 'if-needed',
  },
];

const RINGS = [
  { name: 'canary', hosts: 2, soakMinutes: 30, concurrency: 2 },
  { name: 'rest', percent: 100, soakMinutes: 0, concurrency: 20 },
];
const AT_WORK = ['completed', 'completed-partial', 'paused'];

/** The list of the sources, as people name a rollout: the first, and how many more. */
export function titled(patches: readonly { readonly sourceName: string }[], words: string): string {
  const names = [...new Set(patches.map(patch => patch.sourceName.replace('linux-signed-amd64', 'Linux')))];
  return `${names.slice(0, 2).join(', ')}${names.length > 2 ? ` and ${names.length - 2} more` : ''}: ${words}`;
}

export async function weeks(story: Story, between: (daysAgo: number) => Promise<void>): Promise<void> {
  for (const week of WEEKS) {
    await between(week.daysAgo);
    await story.advanceTo(story.daysAgo(week.daysAgo, 13));
    await story.refresh(week.hosts);
    const patches = await story.patches(week.query, 3);
    if (patches.length === 0) continue;
    const id = await story.approved('jonas', {
      name: titled(patches, week.words),
      patchIds: patches.map(patch => patch.id),
      selector: { query: week.query },
      rings: RINGS,
      ...(week.reboot ? { reboot: week.reboot } : {}),
    });
    story.stage.clock.advance(5 * HOUR_MS);
    await story.act('jonas', id, 'start');
    await story.until(id, AT_WORK);
  }
}

/** A patch that broke its canary: stopped, halted, retracted, and allowed again when it was understood. */
export async function incident(story: Story): Promise<void> {
  const query = 'role = app and env = prod and site = ams';
  const hosts = isIn({ role: ['app'], env: ['prod'], site: ['ams'] });
  await story.refresh(hosts);
  const [patch] = await story.patches(query, 1, one => /php|openjdk|tomcat|apache/.test(one.sourceName));
  if (patch === undefined) return;
  const id = await story.approved('jonas', {
    name: `${patch.sourceName}: application servers in Amsterdam`,
    patchIds: [patch.id],
    selector: { query },
    rings: RINGS,
  });
  for (const host of story.stage.hosts.filter(hosts))
    host.trouble = {
      class: 'service-failed',
      message: 'the service did not come back: its configuration names a module that this version has dropped',
    };
  await story.act('jonas', id, 'start');
  await story.until(id, ['paused']);
  story.stage.clock.advance(9 * MINUTE_MS);
  await story.act('grace', id, 'halt', {
    reason: 'The update drops a module that our configuration loads. Nothing else goes out before that is settled.',
  });
  await story.until(id, ['halted']);
  for (const host of story.stage.hosts.filter(hosts)) host.trouble = null;
  const retraction = await ask(story.server, story.person('jonas'), 'retractionCreate', {
    body: { sourceName: patch.sourceName, sourceVersion: patch.targetVersion, reason: 'Breaks our configuration; see the halted rollout.' },
  });
  story.stage.clock.advance(50 * MINUTE_MS);
  await story.askApproval('jonas', await rollback(story, id));
  const undo = await rollbackOf(story, id);
  await story.approve('grace', undo);
  await story.act('jonas', undo, 'start');
  await story.until(undo, AT_WORK);
  for (const host of story.stage.hosts.filter(hosts)) host.machine.repair();
  await story.refresh(hosts);
  story.stage.clock.advance(3 * DAY_MS);
  await ask(story.server, story.person('grace'), 'retractionLift', {
    params: { id: retraction.id },
    body: { reason: 'The configuration no longer names the module; tried on two test hosts.' },
  });
}

async function rollback(story: Story, id: string): Promise<string> {
  const made = await ask(story.server, story.person('jonas'), 'rolloutRollback', {
    params: { id },
    body: { reason: 'Back to the version that works.' },
  });
  await story.act('jonas', made.rollout.id, 'submit');
  await story.until(made.rollout.id, ['planned']);
  return made.rollout.id;
}

async function rollbackOf(story: Story, id: string): Promise<string> {
  const { items } = await ask(story.server, story.person('ada'), 'rolloutList', { query: { pageSize: 50 } });
  return items.find(one => one.revertsId === id)!.id;
}

/** Hosts that did not come back from their night are left out, with a reason: the rollout ends without them. */
export async function partial(story: Story): Promise<void> {
  const query = 'role in (files, mail, proxy, batch)';
  const hosts = isIn({ role: ['files', 'mail', 'proxy', 'batch'] });
  await story.refresh(hosts);
  const patches = (await story.patches(query, 60)).sort((a, b) => b.hosts - a.hosts).slice(0, 2);
  const spec = { name: titled(patches, 'office and batch'), patchIds: patches.map(one => one.id), selector: { query }, rings: RINGS };
  const id = await story.approved('jonas', spec);
  const { plan } = await story.get(id);
  const lost = (plan?.rings.flatMap(ring => ring.hosts) ?? [])
    .slice(2)
    .slice(-2)
    .map(host => story.host(host.hostId));
  for (const host of lost) host.silent = true;
  await story.act('jonas', id, 'start');
  for (let turn = 0; turn < 60; turn++) {
    const worked = await story.turn();
    const { rollout, rings } = await story.get(id);
    if (rings.at(-1)?.state === 'running' && rollout.active === 0 && rollout.waiting === lost.length) break;
    story.stage.clock.advance((worked ? 1 : 4) * MINUTE_MS);
  }
  await ask(story.server, story.person('jonas'), 'rolloutSkip', {
    params: { id },
    body: { hostIds: lost.map(host => host.hostId), reason: 'In the workshop since last night; their findings stay open and are watched.' },
  });
  if ((await story.until(id, AT_WORK)).rollout.state === 'paused') {
    await story.act('grace', id, 'resume', { reason: 'Seen. The others are through.' });
    await story.until(id, AT_WORK);
  }
  for (const host of lost) host.silent = false;
}

/** Everybody should have pressed it once before it counts. */
export async function drill(story: Story): Promise<void> {
  const set = (engaged: boolean, reason: string) =>
    ask(story.server, story.person('jonas'), 'killSwitchSet', { body: { engaged, reason } });
  await set(true, 'Drill: who notices, and how fast?');
  story.stage.clock.advance(6 * MINUTE_MS);
  await set(false, 'Drill over. Noticed after four minutes.');
}

export async function freezes(story: Story): Promise<void> {
  const declare = (name: string, kind: 'hard' | 'soft' | 'reboot-only', from: number, to: number, query: string | null, reason: string) =>
    ask(story.server, story.person('jonas'), 'freezeCreate', {
      body: { name, kind, startsAt: story.daysAgo(from, 18), endsAt: story.daysAgo(to, 6), query, owner: 'Jonas Weber', reason },
    });
  await declare('Quarter close', 'hard', -38, -43, 'role in (db, sql, batch)', 'The books are closed; nothing moves below them.');
  await declare('Holiday season', 'soft', -25, -46, 'team = storefront', 'Emergencies only.');
  await declare('No reboots in New York', 'reboot-only', 2, -5, 'site = nyc', 'The generator is being replaced.');
}
