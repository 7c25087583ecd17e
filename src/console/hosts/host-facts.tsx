import { SimpleGrid, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { Empty } from '../kit/empty.tsx';
import { Facts } from '../kit/facts.tsx';
import { Grid, Narrow } from '../kit/grid.tsx';
import { Mark, Toned } from '../kit/mark.tsx';
import { Section } from '../kit/page.tsx';
import { CRITICALITY_WORD, EXPOSURE_WORD } from '../kit/states.ts';
import { Ago, At, Due } from '../kit/time.tsx';
import { count, counted } from '../kit/words.ts';
import { type FactsView, factsView } from './facts-view.ts';
import type { HostDetailView } from './host.tsx';
import classes from './host-facts.module.css';

const UNREAD = <Toned tone="quiet">not read</Toned>;

export function HostFacts({ data }: { readonly data: HostDetailView }) {
  const facts = data.facts === null ? null : factsView(data.facts);
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="sm">
      <Stack gap="sm">
        <Section title="Standing">
          <Standing data={data} />
        </Section>
        {facts && (
          <Section title="Kernels">
            <Kernels kernel={facts.kernel} reboot={facts.reboot} />
          </Section>
        )}
        {facts && (
          <Section title="Enabled suites">
            <Suites suites={facts.suites} />
          </Section>
        )}
      </Stack>
      <Stack gap="sm">
        <Section title="System">
          {facts ? (
            <System facts={facts} data={data} />
          ) : (
            <Empty title="No inventory yet">The first one is on its way. It names packages, kernel, services and sockets.</Empty>
          )}
        </Section>
        <Section title="Age of each fact" aside="Older facts are not trusted">
          <Ages data={data} />
        </Section>
      </Stack>
    </SimpleGrid>
  );
}

/** Who checks the signature of a plan where the host cannot. */
const UNSIGNED: Readonly<Record<HostDetailView['host']['reach'], string>> = {
  agent: 'the agent has not confirmed its key yet',
  ssh: 'checked by the SSH runner of this server; the host itself checks nothing',
  local: 'this machine is only read, never changed',
  upload: 'an uploaded list can be judged, not patched',
};

function Standing({ data: { host, excused, identity, pathIsSigned, enrolledAt } }: { readonly data: HostDetailView }) {
  return (
    <Facts
      rows={{
        'Next due': <Due at={host.earliestDueAt} none="nothing is due" />,
        Findings: (
          <>
            {count(host.openFindings)} open
            {host.overdue > 0 && (
              <>
                , <Toned tone="bad">{count(host.overdue)} overdue</Toned>
              </>
            )}
            {host.knownExploited > 0 && (
              <>
                , <Toned tone="bad">{count(host.knownExploited)} known exploited</Toned>
              </>
            )}
            {excused.findings > 0 && (
              <>
                ; without{' '}
                <Link to="/findings" search={{ host: host.id, exception: 'excused' }}>
                  {count(excused.findings)} excepted
                </Link>{' '}
                {count(host.openFindings - excused.findings)} open, {count(host.overdue - excused.overdue)} overdue,{' '}
                {count(host.knownExploited - excused.knownExploited)} known exploited
              </>
            )}
          </>
        ),
        Patches: (
          <>
            {count(host.pendingPatches)} pending, {count(host.securityPatches)} of them security
            {host.heldPackages > 0 && `, ${counted(host.heldPackages, 'package')} on hold`}
          </>
        ),
        Criticality: CRITICALITY_WORD[host.criticality],
        Exposure: EXPOSURE_WORD[host.exposure],
        Address: host.address,
        Identity: identity && <code>{identity}</code>,
        Plans: pathIsSigned ? 'the host itself checks that this installation signed them' : UNSIGNED[host.reach],
        Enrolled: <At at={enrolledAt} />,
      }}
    />
  );
}

function System({ facts, data: { host, endOfLife } }: { readonly facts: FactsView; readonly data: HostDetailView }) {
  return (
    <Facts
      rows={{
        System: `${host.osName}, ${facts.architecture ?? 'architecture not read'}`,
        Support: endOfLife && (
          <>
            {endOfLife.note}{' '}
            {endOfLife.standardOn && (
              <Toned tone="quiet">
                (standard until {endOfLife.standardOn}
                {endOfLife.extendedOn && `, extended until ${endOfLife.extendedOn}`})
              </Toned>
            )}
          </>
        ),
        'Host name': facts.hostname ?? UNREAD,
        Addresses: facts.addresses.length > 0 ? facts.addresses.join(', ') : UNREAD,
        Booted: facts.bootedAt ? <Ago at={facts.bootedAt} /> : UNREAD,
        Reboot:
          facts.reboot === null ? (
            UNREAD
          ) : facts.reboot.required ? (
            <Toned tone="warn">needed: {facts.reboot.reasons.join('; ')}</Toned>
          ) : (
            'not needed'
          ),
        'Package manager':
          facts.packageManager === null ? (
            UNREAD
          ) : facts.packageManager.healthy ? (
            `${facts.packageManager.id}, healthy`
          ) : (
            <Toned tone="bad">
              {facts.packageManager.id}: {facts.packageManager.problems.join('; ')}
            </Toned>
          ),
        'Not read': facts.unread.length > 0 && facts.unread.map(item => <div key={item}>{item}</div>),
      }}
    />
  );
}

function Kernels({ kernel, reboot }: { readonly kernel: FactsView['kernel']; readonly reboot: FactsView['reboot'] }) {
  if (kernel === null) return <Empty title="Not read">The probe for the kernel had no answer.</Empty>;
  if (kernel.installed.length === 0)
    return (
      <Text size="sm" px={12} pb={10}>
        <code>{kernel.runningRelease}</code> runs; no kernel package is installed, so the host’s own packages say nothing about it.
      </Text>
    );
  const running = { label: 'running', tone: reboot?.required ? 'warn' : 'good', shape: reboot?.required ? 'going' : 'done' } as const;
  return (
    <Grid
      label="Kernels"
      rows={kernel.installed}
      rowId={item => item.release}
      columns={[
        { key: 'release', title: 'Release', wrap: true, cell: item => <code>{item.release}</code> },
        { key: 'version', title: 'Version', cell: item => item.version },
        {
          key: 'state',
          title: 'State',
          cell: item => (item.release === kernel.runningRelease ? <Mark look={running} /> : <Toned tone="quiet">installed</Toned>),
        },
      ]}
    />
  );
}

/** What the server calls the parts of a snapshot, in words. */
const FACT_WORD: Readonly<Record<string, string>> = {
  staleProcesses: 'old files in memory',
  packageManager: 'package manager',
  sockets: 'listening sockets',
  suites: 'enabled suites',
  candidates: 'offers',
  machineId: 'machine id',
  bootId: 'boot id',
  bootedAt: 'time of boot',
  hostname: 'host name',
  os: 'system',
};

/** Most facts are read together: they stand in one line, and those that could not be read each in their own. */
function Ages({ data }: { readonly data: HostDetailView }) {
  const wordOf = (name: string) => FACT_WORD[name] ?? name;
  const unread = data.factAges.filter(age => age.observedAt === null || age.unread !== null);
  const together = Map.groupBy(
    data.factAges.filter(age => !unread.includes(age)),
    age => age.observedAt,
  );
  return (
    <div className={classes.ages}>
      {[...together].map(([at, ages]) => (
        <div key={at}>
          <Ago at={at} />: <Toned tone="quiet">{ages.map(age => wordOf(age.name)).join(', ')}</Toned>
        </div>
      ))}
      {unread.map(age => (
        <div key={age.name}>
          {age.observedAt === null ? <Toned tone="warn">not read</Toned> : <Ago at={age.observedAt} />}: {wordOf(age.name)}{' '}
          <Toned tone="quiet">({age.unread})</Toned>
        </div>
      ))}
    </div>
  );
}

function Suites({ suites }: { readonly suites: FactsView['suites'] }) {
  if (suites === null || suites.length === 0)
    return (
      <Empty title={suites === null ? 'Not read' : 'No suite is enabled'}>
        A host without an enabled security suite is offered no fixes.
      </Empty>
    );
  return (
    <Grid
      label="Enabled suites"
      rows={suites}
      rowId={suite => `${suite.site} ${suite.suite} ${suite.component}`}
      columns={[
        {
          key: 'suite',
          title: 'Suite',
          wrap: true,
          cell: suite => (
            <>
              {suite.suite}
              <Narrow>
                {suite.component} · {suite.site}
              </Narrow>
            </>
          ),
        },
        { key: 'component', title: 'Component', from: 'sm', cell: suite => suite.component },
        { key: 'site', title: 'Site', from: 'sm', wrap: true, cell: suite => suite.site },
        { key: 'published', title: 'Published', cell: suite => <Ago at={suite.publishedAt} none="unknown" /> },
      ]}
    />
  );
}
