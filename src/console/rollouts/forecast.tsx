import type { PlanReportView } from '../../api/plans.ts';
import { Grid, Narrow } from '../kit/grid.tsx';
import { Toned } from '../kit/mark.tsx';
import { Section } from '../kit/page.tsx';
import { At } from '../kit/time.tsx';
import { counted } from '../kit/words.ts';

const OFFER = {
  'emergency-profile': 'make it an emergency',
  'extra-window': 'open an extra window',
  mitigation: 'mitigate until then',
  exception: 'accept the risk until then',
} as const;
const NAMES_MAX = 3;

/** When each ring would be through, and what comes later than it is due, with what can be done about it. */
export function Forecast({ plan }: { readonly plan: PlanReportView }) {
  if (plan.forecast.length === 0) return null;
  return (
    <Section title="Forecast" aside="If every gate passes; durations hold nine times of ten">
      <Grid
        label="Forecast"
        rows={plan.forecast}
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
              cell: late => late.offers.map(offer => OFFER[offer]).join('; '),
            },
          ]}
        />
      )}
    </Section>
  );
}
