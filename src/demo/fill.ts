import path from 'node:path';
import { addMs, type Clock, type Instant } from '../core/kernel/instants.ts';
import { makeArchive, type Release, type SourceLine } from './archive.ts';
import { enrol, order, people, policies } from './beginnings.ts';
import { castOf } from './cast.ts';
import { DemoHost } from './demo-host.ts';
import { exceptions } from './exceptions.ts';
import { writeFeeds } from './feed-files.ts';
import { lastDay, rejected, superseded, supersededSources, unanswered, withdrawn } from './last-day.ts';
import { Machine } from './machine.ts';
import { drill, freezes, incident, partial, weeks } from './months.ts';
import { type Stage, Story } from './story.ts';
import { ask, type DemoServer, type StoryClock } from './world.ts';

export const SEED = 2026;
export const STORY_DAYS = 124;

interface FillOptions {
  readonly hosts: number;
  readonly folder: string;
  readonly setupToken: string;
  readonly password: string;
  readonly clock: StoryClock;
  readonly end: Instant;
  readonly server: DemoServer;
  /** Whom the hosts ask; after the story it is the running server. */
  readonly handlersNow: () => DemoServer['handlers'];
  readonly hostsWithWork: Stage['hostsWithWork'];
  readonly restMs: Stage['restMs'];
  readonly onProgress: (text: string) => void;
}

interface DemoFleet {
  readonly hosts: readonly DemoHost[];
}

/** The hosts as they stood when the story began. */
export function makeHosts(
  count: number,
  archive: ReadonlyMap<Release, readonly SourceLine[]>,
  from: Instant,
  server: () => DemoServer['handlers'],
  clock: Clock,
): DemoHost[] {
  return castOf(count, SEED).map(part => new DemoHost(new Machine(part, archive.get(part.release)!, from), server, clock));
}

/** Tells the whole story into an empty database. */
export async function fillDemo(options: FillOptions): Promise<DemoFleet> {
  const { clock, end, server, onProgress } = options;
  const archive = makeArchive(end, SEED);
  const hosts = makeHosts(options.hosts, archive, addMs(clock.now(), -60 * 86_400_000), options.handlersNow, clock);
  const { hostsWithWork, restMs } = options;
  const story = new Story({ server, clock, hosts, end, hostsWithWork, restMs });
  const feeds = () => importFeeds(story, options.folder, archive);

  onProgress('people, feeds, hosts');
  await people(story, options.setupToken, options.password);
  await feeds();
  for (const [site, days] of [
    ['fra', 121],
    ['ams', 117],
    ['nyc', 112],
  ] as const) {
    clock.advanceTo(story.daysAgo(days, 8));
    await enrol(
      story,
      hosts.filter(host => host.part.labels.site === site),
    );
  }
  await order(story);

  onProgress('three months of rollouts');
  let incidentTold = false;
  await weeks(story, async daysAgo => {
    if (daysAgo < 60 && !incidentTold) {
      incidentTold = true;
      await story.advanceTo(story.daysAgo(52, 10));
      await feeds();
      await incident(story);
      await story.advanceTo(story.daysAgo(45, 10));
      await story.refresh();
    }
  });
  await story.advanceTo(story.daysAgo(29, 10));
  await feeds();
  await partial(story);
  await story.advanceTo(story.daysAgo(26, 15));
  await drill(story);
  await unanswered(story);

  onProgress('policies take over');
  await goOn(story, feeds);
  onProgress('the last day');
  await story.advanceTo(addMs(end, -7 * 3_600_000));
  for (const host of hosts) host.silent = host.part.silentSinceDays !== null;
  await feeds();
  await story.refresh();
  await exceptions(story);
  await lastDay(story);
  for (const host of hosts) if (!host.silent && host.part.reach === 'agent') await host.checkIn();
  clock.advanceTo(end);
  return { hosts };
}

/** From the day on which policies were turned on; what they hand in is approved at the desk. */
async function goOn(story: Story, feeds: () => Promise<void>): Promise<void> {
  await story.advanceTo(story.daysAgo(22, 11));
  await story.refresh();
  const [staging, storefront] = await policies(story, `${story.daysAgo(22).slice(0, 10)}T21:00`);
  for (const id of [staging, storefront])
    await ask(story.server, story.person('jonas'), 'policySwitch', {
      params: { id: id! },
      body: { enabled: true, reason: 'Agreed with the teams.' },
    });
  story.onLook.push(() => approveWhatPoliciesAsk(story));
  const days: readonly (readonly [number, () => Promise<void>])[] = [
    [18, () => freezes(story)],
    [13, () => story.refresh()],
    [12, () => withdrawn(story)],
    [9, () => rejected(story)],
    [6, feeds],
    [5, () => story.refresh()],
  ];
  const told = new Set<number>();
  const tell = async (from: number) => {
    for (const [day, what] of days) {
      if (day < from || told.has(day)) continue;
      told.add(day);
      await story.advanceTo(story.daysAgo(day, 10));
      await what();
    }
  };
  for (const choice of supersededSources(story, 19, 4)) {
    await tell(Math.ceil((Date.parse(story.stage.end) - Date.parse(choice.newestAt)) / 86_400_000) + 2);
    if (await superseded(story, choice)) break;
  }
  await tell(0);
}

/** Not in the last two days: something must be left to decide. */
async function approveWhatPoliciesAsk(story: Story): Promise<void> {
  if (story.now > story.daysAgo(2, 0)) return;
  const { items } = await ask(story.server, story.person('ada'), 'rolloutList', { query: { state: 'awaiting-approval', pageSize: 50 } });
  for (const one of items) if (one.requestedBy.startsWith('policy')) await story.approve('grace', one.id);
  const running = await ask(story.server, story.person('ada'), 'rolloutList', { query: { state: 'running', pageSize: 50 } });
  for (const one of running.items) if (one.active === 0 && one.waiting > 0) await story.clearEvidence(one.id);
}

async function importFeeds(story: Story, folder: string, archive: ReadonlyMap<Release, readonly SourceLine[]>): Promise<void> {
  const location = path.join(folder, 'feeds');
  writeFeeds(location, archive, story.now);
  await ask(story.server, story.person('ada'), 'feedImport', { body: { location } });
  await story.server.imported();
  await story.server.settled();
}
