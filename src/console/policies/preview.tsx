import { Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { PolicyPreviewView, PolicySpecInput } from '../../api/policies.ts';
import { ask } from '../data/ask.ts';
import { type Column, Grid, Narrow } from '../kit/grid.tsx';
import { Toned } from '../kit/mark.tsx';
import { Answered, Section } from '../kit/page.tsx';
import { At, minuteIn, ZONE } from '../kit/time.tsx';
import { counted, sentence } from '../kit/words.ts';
import classes from './policies.module.css';
import { lengthWords } from './words.ts';

type Lane = PolicyPreviewView['lanes'][number];
const REST_MS = 400;

/** What the next windows would do, were they prepared now: hosts, patches, clock changes and freezes, in every zone. */
export function PreviewOf({ spec }: { readonly spec: PolicySpecInput }) {
  const [rested] = useDebouncedValue(JSON.stringify(spec), REST_MS);
  const preview = useQuery({
    ...ask('policyPreview', { body: JSON.parse(rested) as PolicySpecInput }),
    placeholderData: keepPreviousData,
    staleTime: 20_000,
  });
  return (
    <Section title="Next windows" aside="As if they were prepared now">
      <Answered of={preview} bones={4}>
        {data =>
          data.problem === null ? (
            data.lanes.map(lane => <LaneView key={lane.lane} lane={lane} alone={data.lanes.length === 1} />)
          ) : (
            <Text size="sm" c="var(--tone-bad)" role="alert" px={12} pb={10}>
              {sentence(data.problem)}
            </Text>
          )
        }
      </Answered>
    </Section>
  );
}

function LaneView({ lane, alone }: { readonly lane: Lane; readonly alone: boolean }) {
  return (
    <div className={classes.lane}>
      <div className={`${classes.laneHead} prose`}>
        {!alone && <b>{sentence(lane.title)}</b>}
        <span>
          <Link to="/hosts" search={{ query: lane.query }}>
            {counted(lane.hosts, 'host')}
          </Link>
          , {lane.patchesReady === 0 ? 'no patch is ready' : `${counted(lane.patchesReady, 'patch', 'patches')} ready`}
        </span>
        {lane.patchesLater.length > 0 && <Later lane={lane} />}
      </div>
      <Grid
        label={`Next windows, ${lane.title}`}
        rows={lane.next}
        rowId={one => one.startsAt}
        columns={(
          [
            {
              key: 'opens',
              title: `Opens (${lane.timeZone})`,
              wrap: true,
              cell: one => (
                <>
                  {minuteIn(one.startsAt, lane.timeZone)}
                  <Narrow>{one.note}</Narrow>
                </>
              ),
            },
            { key: 'here', title: 'For you', from: 'sm', cell: one => <At at={one.startsAt} /> },
            {
              key: 'free',
              title: 'Usable',
              align: 'right',
              cell: one => (one.freeMinutes === 0 ? <Toned tone="warn">nothing</Toned> : lengthWords(one.freeMinutes)),
            },
            {
              key: 'note',
              title: 'Note',
              from: 'sm',
              wrap: true,
              cell: one => one.note && <Toned tone="warn">{sentence(one.note)}</Toned>,
            },
          ] satisfies Column<Lane['next'][number]>[]
        ).filter(({ key }) => (key !== 'here' || lane.timeZone !== ZONE) && (key !== 'note' || lane.next.some(one => one.note !== null)))}
      />
    </div>
  );
}

/** Patches that wait for their age: named, so that nobody wonders where they are. */
function Later({ lane }: { readonly lane: Lane }) {
  return (
    <details className={classes.later}>
      <summary>{counted(lane.patchesLater.length, 'patch', 'patches')} left out for now</summary>
      <ul>
        {lane.patchesLater.map(patch => (
          <li key={patch.title}>
            {patch.title}: {patch.reason}
            {patch.eligibleAt && (
              <>
                , from <At at={patch.eligibleAt} /> on
              </>
            )}
          </li>
        ))}
      </ul>
    </details>
  );
}
