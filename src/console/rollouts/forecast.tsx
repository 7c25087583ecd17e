import { Link } from '@tanstack/react-router';
import { Fragment } from 'react';
import type { PlanReportView } from '../../api/plans.ts';
import type { RolloutDetailView } from '../../api/rollouts.ts';
import { Grid, Narrow } from '../kit/grid.tsx';
import { Toned } from '../kit/mark.tsx';
import { Section } from '../kit/page.tsx';
import { At, useNow } from '../kit/time.tsx';
import { counted } from '../kit/words.ts';

const OFFER = {
  'emergency-profile': 'make it an emergency',
  'extra-window': 'open an extra window',
  mitigation: 'mitigate until then',
  exception: 'ask for an exception until then',
} as const;
const NAMES_MAX = 3;
const NOT_STARTED: ReadonlySet<string> = new Set(['planned', 'awaiting-approval', 'scheduled']);

/** A plan without a window is counted from when it was made; until it starts, the same rings begin no earlier than now. */
function startsLaterMs({ rollout, spec }: RolloutDetailView, plan: PlanReportView, nowMs: number): number {
  const firstMs = Date.parse(plan.forecast[0]!.startsAt);
  return NOT_STARTED.has(rollout.state) && spec.window.startsAt === null && spec.window.endsAt === null ? Math.max(0, nowMs - firstMs) : 0;
}

function later(at: string, byMs: number): string {
  return new Date(Date.parse(at) + byMs).toISOString();
}

/** What the patch closes, on the hosts that are late: several patches are asked for one by one. */
function askFor({ spec }: RolloutDetailView, hosts: readonly string[]) {
  return { patch: spec.patchIds[0], query: hosts.map(name => `name = "${name}"`).join(' or ') };
}

/** When each ring would be through, and what comes later than it is due, with what can be done about it. */
export function Forecast({ data, plan }: { readonly data: RolloutDetailView; readonly plan: PlanReportView }) {
  const nowMs = useNow();
  if (plan.forecast.length === 0) return null;
  const laterMs = startsLaterMs(data, plan, nowMs);
  const rings = plan.forecast.map(ring => ({
    ...ring,
    startsAt: later(ring.startsAt, laterMs),
    endsAt: ring.endsAt && later(ring.endsAt, laterMs),
  }));
  return (
    <Section title="Forecast" aside={`If ${laterMs > 0 ? 'it starts now and ' : ''}every gate passes; durations hold nine times of ten`}>
      <Grid
        label="Forecast"
        rows={rings}
        rowId={ring => ring.name}
        columns={[
          {
            key: 'ring',
            title: 'Ring',
            wrap: true,
            cell: ring => (
              <>
                {ring.name}
                <Narrow>
                  from <At at={ring.startsAt} />
                </Narrow>
              </>
            ),
          },
          { key: 'begins', title: 'Begins', from: 'sm', wrap: true, cell: ring => <At at={ring.startsAt} /> },
          {
            key: 'ends',
            title: 'Is through',
            wrap: true,
            cell: ring => (ring.endsAt === null ? <Toned tone="bad">does not fit its windows</Toned> : <At at={ring.endsAt} />),
          },
        ]}
      />
      {plan.late.length > 0 && (
        <Grid
          label="Later than due"
          rows={plan.late}
          rowId={late => late.ring + late.dueAt}
          columns={[
            {
              key: 'hosts',
              title: 'Later than due',
              wrap: true,
              cell: late => (
                <>
                  <Toned tone="bad">{counted(late.hosts.length, 'host')}</Toned> in {late.ring}: {late.hosts.slice(0, NAMES_MAX).join(', ')}
                  {late.hosts.length > NAMES_MAX && ', …'}
                </>
              ),
            },
            { key: 'due', title: 'Due', wrap: true, cell: late => <At at={late.dueAt} /> },
            {
              key: 'offers',
              title: 'What can be done',
              from: 'sm',
              wrap: true,
              cell: late =>
                late.offers.map((offer, index) => (
                  <Fragment key={offer}>
                    {index > 0 && '; '}
                    {offer === 'exception' ? (
                      <Link to="/exceptions/new" search={askFor(data, late.hosts)}>
                        {OFFER[offer]}
                      </Link>
                    ) : (
                      OFFER[offer]
                    )}
                  </Fragment>
                )),
            },
          ]}
        />
      )}
    </Section>
  );
}
