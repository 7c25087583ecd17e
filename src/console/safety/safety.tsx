import { Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ask } from '../data/ask.ts';
import { Answered, Page, Section } from '../kit/page.tsx';
import { RolloutNav } from '../rollouts/rollout-nav.tsx';
import { AvailabilityGroups } from './availability-groups.tsx';
import { Cap, SiteCap } from './cap.tsx';
import { Freezes } from './freezes.tsx';
import { Holds } from './holds.tsx';
import { KillSwitch } from './kill-switch.tsx';
import { PrometheusAddress } from './prometheus.tsx';
import { Retractions } from './retractions.tsx';

/** What can say no to every rollout at once. */
export function SafetyPage() {
  const engine = useQuery({ ...ask('engineGet', {}), refetchInterval: 10_000 });
  return (
    <>
      <RolloutNav />
      <Page title="Safety" lead="What can say no to every rollout at once. Stopping is free; starting needs approval.">
        <Stack gap="sm">
          <Answered of={engine} bones={3}>
            {data => (
              <>
                <Section title="Kill switch">
                  <KillSwitch engine={data} />
                </Section>
                <Section title="Hosts in disruption at once" aside="Over all rollouts">
                  <Cap engine={data} />
                  <SiteCap engine={data} />
                </Section>
                <Section title="Prometheus" aside="Asked by gates whose rings have a query">
                  <PrometheusAddress engine={data} />
                </Section>
              </>
            )}
          </Answered>
          <Retractions />
          <Holds />
          <Freezes />
          <AvailabilityGroups />
        </Stack>
      </Page>
    </>
  );
}
