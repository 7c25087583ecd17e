import { Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type AnswerOf, ask } from '../data/ask.ts';
import { Empty } from '../kit/empty.tsx';
import { Answered, Page, Section } from '../kit/page.tsx';
import { Ago } from '../kit/time.tsx';
import { count } from '../kit/words.ts';
import { PatchQueue } from '../patches/patch-queue.tsx';
import { Banners } from './banners.tsx';
import { Coverage, DueDates, OpenStates } from './figures.tsx';
import { NextSteps } from './next-steps.tsx';
import classes from './overview.module.css';
import { TimeToPatch } from './time-to-patch.tsx';

export type OverviewView = AnswerOf<'overview'>;
const REFRESH_MS = 30_000;

/** The page answers one question first: what to do next, and why. Figures stand at the side, each with its denominator and the list behind it. */
export function OverviewPage() {
  const overview = useQuery({ ...ask('overview', {}), refetchInterval: REFRESH_MS });
  return (
    <Page
      title="Overview"
      lead={
        overview.data && (
          <>
            {count(overview.data.hosts.total)} {overview.data.hosts.total === 1 ? 'host' : 'hosts'}, as of{' '}
            <Ago at={overview.data.generatedAt} />
          </>
        )
      }
    >
      <Answered of={overview} bones={10}>
        {data => <Body data={data} />}
      </Answered>
    </Page>
  );
}

function Body({ data }: { readonly data: OverviewView }) {
  return (
    <Stack gap="sm">
      <Banners banners={data.banners} />
      <div className={classes.columns}>
        <Stack gap="sm" miw={0}>
          <Section title="What to do next">
            <NextSteps next={data.next} hosts={data.hosts.total} />
          </Section>
          <Section title="Patches by the risk they remove" aside={<Link to="/patches">All patches</Link>}>
            {data.patches.length === 0 ? (
              <Empty title="No patch is pending">
                Either every host runs what its archives offer, or no host has reported its candidates yet.
              </Empty>
            ) : (
              <PatchQueue patches={data.patches} />
            )}
          </Section>
        </Stack>
        <Stack gap="sm" miw={0}>
          <Section title="Coverage">
            <Coverage data={data} />
          </Section>
          <Section title="Open findings by due date">
            <DueDates data={data} />
          </Section>
          <Section title="Open findings by state">
            <OpenStates data={data} />
          </Section>
          <Section title="Time to patch">
            {data.timeToPatch ? (
              <TimeToPatch data={data.timeToPatch} />
            ) : (
              <Text size="sm" c="dimmed" px={12} pb={10}>
                Shown from 20 fixes on. History is read from the hosts’ own logs when they join, so this fills on the first day.
              </Text>
            )}
          </Section>
        </Stack>
      </div>
    </Stack>
  );
}
