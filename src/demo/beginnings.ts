import type { Role } from '../api/access.ts';
import { HOUR_MS, MINUTE_MS } from '../core/kernel/instants.ts';
import { SITE_ZONES } from './cast.ts';
import type { DemoHost } from './demo-host.ts';
import type { Story } from './story.ts';
import { ask, each } from './world.ts';

const NOBODY = { kind: 'public', remoteAddress: '127.0.0.1' } as const;

interface Newcomer {
  readonly login: string;
  readonly name: string;
  readonly roles: readonly Role[];
}

const TEAM: readonly Newcomer[] = [
  { login: 'grace', name: 'Grace Okafor', roles: ['approver', 'operator'] },
  { login: 'jonas', name: 'Jonas Weber', roles: ['planner'] },
  { login: 'mei', name: 'Mei Lin', roles: ['risk-owner', 'auditor'] },
  { login: 'tomas', name: 'Tomás Herrera', roles: ['viewer'] },
];

/** The first administrator and the others; all of them share one password, which is printed. */
export async function people(story: Story, setupToken: string, password: string): Promise<void> {
  const { server } = story;
  story.addPerson(
    await ask(server, NOBODY, 'setupAdministrator', { body: { token: setupToken, login: 'ada', name: 'Ada Brandt', password } }),
  );
  for (const { login, name, roles } of TEAM) {
    story.stage.clock.advance(21 * MINUTE_MS);
    const { url } = await ask(server, story.person('ada'), 'invitationCreate', { body: { login, roles: [...roles] } });
    const token = new URL(url).hash.replace('#token=', '');
    story.stage.clock.advance(3 * HOUR_MS);
    story.addPerson(await ask(server, NOBODY, 'invitationAccept', { body: { token, name, password } }));
  }
}

/** Host by host as its people would: one token for hosts of the same kind, then what nobody can read from a host. */
export async function enrol(story: Story, hosts: readonly DemoHost[]): Promise<void> {
  const { server } = story;
  const kinds = new Map<string, DemoHost[]>();
  for (const host of hosts) kinds.getOrInsertComputed(JSON.stringify([host.part.labels, host.part.reach]), () => []).push(host);
  await each([...kinds.values()], 4, async alike => {
    if (alike[0]!.part.reach === 'upload') return await upload(story, alike);
    const body = { labels: { ...alike[0]!.part.labels }, uses: alike.length };
    const { token } = await ask(server, story.person('ada'), 'enrolmentCreate', { body });
    for (const host of alike) {
      await host.enrol(token);
      story.know(host);
      host.machine.live(story.now);
      await host.report();
      const { exposure, criticality } = host.part;
      const known = { ...(exposure === null ? {} : { exposure }), ...(criticality === null ? {} : { criticality }) };
      if (exposure !== null || criticality !== null)
        await ask(server, story.person('jonas'), 'hostUpdate', { params: { id: host.hostId }, body: known });
    }
  });
  await server.settled();
}

async function upload(story: Story, hosts: readonly DemoHost[]): Promise<void> {
  for (const host of hosts) {
    host.machine.live(story.now);
    const text = host.machine
      .records()
      .map(({ name, version, arch, sourceName, sourceVersion }) =>
        [name, version, arch, 'install', 'ok', 'installed', sourceName, sourceVersion].join('\t'),
      )
      .join('\n');
    const body = { name: host.part.name, release: `debian:${host.part.release}`, text };
    const { hostId } = await ask(story.server, story.person('ada'), 'hostUpload', { body });
    await ask(story.server, story.person('jonas'), 'hostUpdate', { params: { id: hostId }, body: { labels: { ...host.part.labels } } });
    host.resume(hostId, []);
  }
}

const GROUPS: readonly (readonly [string, string, string])[] = [
  ['Production', 'env = prod', 'Everything that customers see.'],
  ['Staging and test', 'env in (stage, test)', 'Patched first.'],
  ['Internet-facing', 'exposure = public', 'BOD 26-04 counts these in days.'],
  ['Databases', 'role in (db, sql)', 'Data team; patched on Sundays.'],
  ['Reboot pending', 'reboot = true', ''],
  ['Known exploited, open', 'kev > 0', 'The list that is read out every Monday.'],
  ['Past the end of support', 'os = debian-11', 'To be moved by the end of the year.'],
];

/** Groups, what must stay up, and policies that are still off. */
export async function order(story: Story): Promise<void> {
  const { server } = story;
  for (const [name, query, description] of GROUPS)
    await ask(server, story.person('jonas'), 'groupCreate', { body: { name, query, description } });
  for (const site of Object.keys(SITE_ZONES))
    await ask(server, story.person('jonas'), 'availabilityGroupCreate', {
      body: {
        name: `Load balancers ${site}`,
        query: `role = lb and env = prod and site = ${site}`,
        maxUnavailable: 1,
        memberSoakMinutes: 5,
      },
    });
  await ask(server, story.person('jonas'), 'availabilityGroupCreate', {
    body: { name: 'Web servers', query: 'role = web and env = prod', maxUnavailablePercent: 20, memberSoakMinutes: 2 },
  });
}

/** The policy that the console shows; `firstStart` is wall clock. */
export async function policies(story: Story, firstStart: string): Promise<string[]> {
  const { server } = story;
  const rings = [
    { name: 'canary', hosts: 3, soakMinutes: 30, concurrency: 3 },
    { name: 'early', percent: 20, soakMinutes: 30, concurrency: 10 },
    { name: 'rest', percent: 100, soakMinutes: 0, concurrency: 25 },
  ];
  const made = [];
  for (const body of [
    {
      name: 'Staging every week',
      query: 'env in (stage, test) and role in (web, app, cache)',
      schedule: { timeZone: 'UTC', firstStart, minutes: 420, repeat: 'FREQ=WEEKLY;BYDAY=TU' },
      patches: { securityOnly: true, minAgeDays: 1, knownExploitedAtOnce: false },
      rings,
      note: 'Security patches a day old; whatever goes wrong goes wrong here first.',
    },
    {
      name: 'Storefront every second Thursday',
      query: 'env = prod and team = storefront and role in (web, cache)',
      schedule: {
        timeZone: 'Europe/Berlin',
        firstStart: firstStart.replace(/T.*/, 'T22:00'),
        minutes: 420,
        repeat: 'FREQ=WEEKLY;INTERVAL=2;BYDAY=TH',
      },
      zones: { label: 'site', values: { nyc: SITE_ZONES.nyc! } },
      patches: { securityOnly: true, minAgeDays: 3, knownExploitedAtOnce: false },
      rings,
      catchUpDays: 7,
      note: '22:00 at each site; New York keeps its own clock.',
    },
    {
      name: 'Databases on Sundays',
      query: 'role in (db, sql) and env = prod',
      schedule: {
        timeZone: 'Europe/Berlin',
        firstStart: firstStart.replace(/T.*/, 'T03:00'),
        minutes: 180,
        repeat: 'FREQ=WEEKLY;BYDAY=SU',
      },
      patches: { securityOnly: true, minAgeDays: 7, knownExploitedAtOnce: true },
      rings,
      reboot: 'if-needed' as const,
      note: 'Off until the data team has agreed to reboots.',
    },
  ])
    made.push((await ask(server, story.person('jonas'), 'policyCreate', { body })).id);
  return made;
}
