import type { RolloutSpecInput } from '../api/rollout-spec.ts';
import { addMs, DAY_MS, HOUR_MS, MINUTE_MS } from '../core/kernel/instants.ts';
import { newestAt } from './archive.ts';
import type { DemoHost } from './demo-host.ts';
import { titled } from './months.ts';
import type { Story } from './story.ts';
import { ask } from './world.ts';

/**
 * A rollout in each state of the table (core/rollouts/rollout-states.ts), so that every page has something to show. Each has hosts of its own: one job a
 * host is the engine's rule. The states that time moves on by itself come last.
 */
const RINGS = [
  { name: 'canary', hosts: 3, soakMinutes: 10, concurrency: 3 },
  { name: 'early', percent: 25, soakMinutes: 30, concurrency: 4 },
  { name: 'rest', percent: 100, soakMinutes: 0, concurrency: 12 },
];

type Places = readonly (readonly [query: string, words: string])[];

/** The first of these places where there is something to patch; a small fleet has not every role at every site. */
async function specFor(story: Story, places: Places, count = 2) {
  for (const [query, words] of places) {
    const patches = (await story.patches(query, 60)).sort((a, b) => b.hosts - a.hosts).slice(0, count);
    if (patches.length > 0)
      return { name: titled(patches, words), patchIds: patches.map(patch => patch.id), selector: { query }, rings: RINGS };
  }
  throw new Error(`nothing to patch at ${places.map(([query]) => query).join(', ')}`);
}

export async function withdrawn(story: Story): Promise<void> {
  const id = await story.draft(
    'jonas',
    await specFor(story, [
      ['role = web and site = nyc', 'web servers in New York'],
      ['role = web', 'web servers'],
    ]),
  );
  story.stage.clock.advance(40 * MINUTE_MS);
  await story.act('jonas', id, 'cancel', { reason: 'Comes with the policy on Thursday anyway.' });
}

export async function rejected(story: Story): Promise<void> {
  const id = await story.planned(
    'jonas',
    await specFor(
      story,
      [
        ['role = db and site = fra', 'databases in Frankfurt'],
        ['env = prod', 'production'],
      ],
      3,
    ),
  );
  await story.askApproval('jonas', id);
  story.stage.clock.advance(3 * HOUR_MS);
  await story.act('grace', id, 'reject', {
    reason: 'Not in the week of the audit. Ask again on Monday, with a canary that is not the primary.',
  });
}

/** Nobody approves it within its fourteen days. */
export async function unanswered(story: Story): Promise<void> {
  const id = await story.planned(
    'jonas',
    await specFor(story, [
      ['role = monitor or role = proxy', 'monitoring and proxies'],
      ['role = batch', 'batch workers'],
    ]),
  );
  await story.askApproval('jonas', id);
}

/** Sources whose newest version came some days ago and is not the first, oldest first. */
export function supersededSources(story: Story, from: number, to: number): { readonly source: string; readonly newestAt: string }[] {
  const lines = story.stage.hosts.find(host => host.part.release === '12')!.machine.lines;
  return lines
    .flatMap(line => {
      const newest = newestAt(line, story.stage.end);
      const isIn = newest.at > story.daysAgo(from, 0) && newest.at < story.daysAgo(to, 0);
      return isIn && newest.security && newest.level > 1 && line.roles.includes('base')
        ? [{ source: line.source, newestAt: newest.at }]
        : [];
    })
    .sort((a, b) => (a.newestAt < b.newestAt ? -1 : 1));
}

/** Planned for the version before, then a newer one came out. False when no host lacked the version before. */
export async function superseded(story: Story, choice: { readonly source: string; readonly newestAt: string }): Promise<boolean> {
  if (story.now > choice.newestAt) return false;
  await story.advanceTo(addMs(choice.newestAt, -DAY_MS));
  await story.refresh(isOld);
  const name = choice.source.replace('-signed-amd64', '');
  for (const [query, words] of OLD_ONES) {
    const patches = await story.patches(query, 1, patch => patch.sourceName === name);
    if (patches.length === 0) continue;
    await supersede(story, choice.newestAt, {
      name: titled(patches, words),
      patchIds: patches.map(one => one.id),
      selector: { query },
      rings: RINGS,
    });
    return true;
  }
  return false;
}

/** Whom the places below name. */
const isOld = ({ part: { labels } }: DemoHost) => labels.env === 'prod' && ['platform', 'data', 'office'].includes(labels.team ?? '');
const OLD_ONES: Places = [
  ['team = platform and env = prod', 'platform'],
  ['team in (platform, data, office) and env = prod', 'production'],
];

async function supersede(story: Story, newestAt: string, spec: RolloutSpecInput): Promise<void> {
  const id = await story.planned('jonas', spec);
  await story.advanceTo(addMs(newestAt, 20 * HOUR_MS));
  // A version has a successor once nobody is offered it any more.
  await story.refresh(() => true, true);
  const body = { reason: 'A newer update is out; one rollout is enough.' };
  await ask(story.server, story.person('jonas'), 'rolloutSupersede', { params: { id }, body });
}

/** Hosts of the last hours, by state; no two of them share a host. */
const PLACES = {
  running: [
    ['role = app and env = prod and site = fra', 'application servers in Frankfurt'],
    ['role = app', 'application servers'],
  ],
  paused: [
    ['role = cache and env = prod', 'caches'],
    ['role in (cache, lb)', 'caches and load balancers'],
  ],
  halting: [
    ['role = app and env = prod and site = nyc', 'application servers in New York'],
    ['role = files', 'file servers'],
    ['role = monitor', 'monitoring'],
  ],
  scheduled: [
    ['role = container and env = prod and site = nyc', 'container hosts in New York'],
    ['role = container and env = prod', 'container hosts'],
  ],
  awaiting: [['role = db', 'databases']],
  planned: [
    ['role = sql and env = prod', 'MariaDB servers'],
    ['role in (sql, files)', 'office servers'],
  ],
  rehearsing: [
    ['role = batch and env = prod', 'batch workers'],
    ['role = batch', 'batch workers'],
    ['role = container', 'container hosts'],
  ],
  draft: [
    ['role = mail', 'mail servers'],
    ['role in (mail, dns, proxy)', 'mail, names and proxies'],
    ['env = prod', 'production'],
  ],
} as const satisfies Readonly<Record<string, Places>>;

export async function lastDay(story: Story): Promise<void> {
  const { clock } = story.stage;
  const scheduled = await specFor(story, PLACES.scheduled, 3);
  const tonight = addMs(`${story.stage.end.slice(0, 10)}T22:00:00.000Z`, story.stage.end.slice(11, 13) >= '20' ? DAY_MS : 0);
  await story.approved('jonas', {
    ...scheduled,
    reboot: 'never',
    window: { startsAt: tonight, endsAt: addMs(tonight, 4 * HOUR_MS), timeZone: 'America/New_York' },
    note: 'The night shift knows. Reboots wait for the generator.',
  });
  await paused(story);
  const awaiting = await story.planned('jonas', {
    ...(await specFor(story, PLACES.awaiting, 3)),
    reboot: 'if-needed',
    catchUpDays: 3,
  });
  await story.askApproval('jonas', awaiting);
  await story.planned('jonas', await specFor(story, PLACES.planned));
  await story.draft('jonas', { ...(await specFor(story, PLACES.draft)), note: 'Waits for the spam filter’s new rules.' });
  const halting = await story.approved('jonas', await specFor(story, PLACES.halting));
  const running = await story.approved('jonas', { ...(await specFor(story, PLACES.running)), rings: SLOW_RINGS });
  // What moves by itself begins as late as it can and ends where the story ends.
  clock.advanceTo(addMs(story.stage.end, -42 * MINUTE_MS));
  await halt(story, halting);
  await story.advanceTo(addMs(story.stage.end, -17 * MINUTE_MS));
  await passCanary(story, running);
  while (story.now < addMs(story.stage.end, -2 * MINUTE_MS)) {
    await story.turn();
    clock.advance(MINUTE_MS);
  }
  await rehearsing(story);
}

/** So many hosts one after another that somebody who looks can watch them. */
const SLOW_RINGS = [
  { name: 'canary', hosts: 3, soakMinutes: 5, concurrency: 3 },
  { name: 'early', percent: 50, soakMinutes: 60, concurrency: 1 },
  { name: 'rest', percent: 100, soakMinutes: 0, concurrency: 4 },
];

async function paused(story: Story): Promise<void> {
  const id = await story.approved('jonas', await specFor(story, PLACES.paused));
  const trouble = {
    class: 'install-failed',
    message: 'the post-installation script returned exit status 1: cannot lock /etc/passwd',
  } as const;
  const canaries = await ringOf(story, id, 0);
  for (const host of canaries) host.trouble = trouble;
  await story.act('jonas', id, 'start');
  await story.until(id, ['paused']);
  for (const host of canaries) host.trouble = null;
}

async function ringOf(story: Story, id: string, index: number): Promise<DemoHost[]> {
  const { plan } = await story.get(id);
  return (plan?.rings[index]?.hosts ?? []).map(host => story.host(host.hostId));
}

/** Until the second ring is at work. */
async function passCanary(story: Story, id: string): Promise<void> {
  await story.act('jonas', id, 'start');
  for (let turn = 0; turn < 60; turn++) {
    const worked = await story.turn();
    const { rings } = await story.get(id);
    if (rings[1]?.state === 'running' && rings[1].active > 0) return;
    story.stage.clock.advance(worked ? 75_000 : 2 * MINUTE_MS);
  }
}

/** Its canaries fell silent after they had begun: their jobs have to come to an end before the rollout does. */
async function halt(story: Story, id: string): Promise<void> {
  const canaries = await ringOf(story, id, 0);
  for (const host of canaries) host.trouble = { class: 'stuck', message: '' };
  await story.act('jonas', id, 'start');
  for (let turn = 0; turn < 40 && !canaries.some(host => host.silent && host.isWorking); turn++) {
    await story.turn();
    story.stage.clock.advance(45_000);
  }
  for (const host of canaries) host.trouble = null;
  await story.act('grace', id, 'halt', { reason: 'Hosts do not answer since their updates began; the data centre is looking.' });
}

async function rehearsing(story: Story): Promise<void> {
  const id = await story.draft('jonas', await specFor(story, PLACES.rehearsing));
  for (const [at, host] of story.stage.hosts.filter(one => one.part.role === 'batch').entries()) host.busy = at % 4 === 0;
  await story.act('jonas', id, 'submit');
  await story.turn();
}
