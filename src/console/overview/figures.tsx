import { Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { Fragment } from 'react';
import type { FindingView } from '../../api/findings.ts';
import { ShareBar } from '../kit/bar.tsx';
import { Glyph, Toned } from '../kit/mark.tsx';
import { DUE_FAINT, DUE_TONE, DUE_WORD, FINDING_LOOK } from '../kit/states.ts';
import { count, counted } from '../kit/words.ts';
import classes from './overview.module.css';
import type { OverviewView } from './overview.tsx';

/** Hosts that are stale, unreachable or waiting stay in the denominator and have their own number. */
export function Coverage({ data }: { readonly data: OverviewView }) {
  const { patchedHosts, ofHosts, note } = data.coverage;
  const { current, stale, unreachable, waiting, total } = data.hosts;
  const behind = Math.max(0, ofHosts - patchedHosts);
  return (
    <div className={classes.body}>
      <Text size="sm" mb={6}>
        <Text span fz={20} fw={650}>
          {ofHosts === 0 ? '–' : `${Math.floor((100 * patchedHosts) / ofHosts)} %`}
        </Text>{' '}
        fully patched: {count(patchedHosts)} of {count(ofHosts)} hosts
      </Text>
      <ShareBar
        shares={[
          { key: 'patched', label: 'patched', count: patchedHosts, tone: 'good' },
          { key: 'behind', label: 'not patched or not known', count: behind, tone: 'quiet', faint: true },
        ]}
      />
      <Text size="sm" mt={6}>
        {count(current)} of {count(total)} current
        {(
          [
            ['stale', stale],
            ['unreachable', unreachable],
            ['waiting-for-inventory', waiting],
          ] as const
        )
          .filter(([, hosts]) => hosts > 0)
          .map(([state, hosts]) => (
            <Fragment key={state}>
              ,{' '}
              <Link to="/hosts" search={{ state }}>
                {count(hosts)} {state === 'waiting-for-inventory' ? 'waiting for inventory' : state}
              </Link>
            </Fragment>
          ))}
      </Text>
      {note && (
        <Text size="xs" c="dimmed" mt={2}>
          {note}
        </Text>
      )}
    </div>
  );
}

export function DueDates({ data }: { readonly data: OverviewView }) {
  return (
    <div className={classes.body}>
      <ShareBar
        shares={data.findingsByDue.map(({ label, count: findings }) => ({
          key: label,
          label: DUE_WORD[label as keyof typeof DUE_WORD] ?? label,
          count: findings,
          tone: DUE_TONE[label] ?? 'quiet',
          faint: DUE_FAINT.has(label),
          ...(label in DUE_WORD ? { to: { path: '/findings', search: { due: label } } } : {}),
        }))}
      />
      <Net data={data} />
    </div>
  );
}

/** Gross is what stands above. Net leaves out what an exception excuses, and both are said. */
function Net({ data: { exceptions, findingsByDue } }: { readonly data: OverviewView }) {
  if (exceptions.inForce === 0 && exceptions.waiting === 0) return null;
  const gross = findingsByDue.reduce((sum, band) => sum + band.count, 0);
  const overdue = (bands: typeof findingsByDue) => bands.find(({ label }) => label === 'overdue')?.count ?? 0;
  return (
    <Text size="sm" mt={6}>
      {count(gross)} gross, {count(gross - exceptions.excused)} net ({count(overdue(findingsByDue) - overdue(exceptions.excusedByDue))}{' '}
      overdue):{' '}
      <Link to="/findings" search={{ exception: 'excused' }}>
        {count(exceptions.excused)} excepted
      </Link>{' '}
      by{' '}
      <Link to="/exceptions" search={{ show: 'in-force' }}>
        {counted(exceptions.inForce, 'exception')}
      </Link>
      {exceptions.waiting > 0 && (
        <>
          ,{' '}
          <Link to="/exceptions" search={{ show: 'waiting' }}>
            {count(exceptions.waiting)} waiting for a decision
          </Link>
        </>
      )}
    </Text>
  );
}

export function OpenStates({ data }: { readonly data: OverviewView }) {
  return (
    <dl className={classes.states}>
      {data.findingsByState
        .filter(({ count: findings }) => findings > 0)
        .map(({ label, count: findings }) => {
          const excepted = data.exceptions.excusedByState.find(one => one.label === label)?.count ?? 0;
          const look = FINDING_LOOK[label as FindingView['state']];
          return (
            <Fragment key={label}>
              <dt>{count(findings)}</dt>
              <dd>
                {look ? (
                  <>
                    <Glyph shape={look.shape} tone={look.tone} />{' '}
                    <Link to="/findings" search={{ state: label }} title={look.meaning}>
                      {look.label}
                    </Link>{' '}
                    {excepted > 0 && <Toned tone="quiet">{count(findings - excepted)} net</Toned>}
                    {label === 'wont-fix' && <Toned tone="quiet">not counted as open</Toned>}
                  </>
                ) : (
                  label
                )}
              </dd>
            </Fragment>
          );
        })}
    </dl>
  );
}
