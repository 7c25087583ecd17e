import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { Fragment, useState } from 'react';
import type { PlanReportView } from '../../api/plans.ts';
import { Mark, Toned } from '../kit/mark.tsx';
import { Section } from '../kit/page.tsx';
import { REVERSIBLE_LOOK } from '../kit/states.ts';
import { count, counted } from '../kit/words.ts';
import classes from './rollouts.module.css';
import { Transaction } from './transaction.tsx';

type Ring = PlanReportView['rings'][number];
type Host = Ring['hosts'][number];

/** Hosts with the same transaction are read once: forty equal hosts are one block with forty names. Problems come first. */
function sameTransaction(hosts: readonly Host[]): readonly (readonly Host[])[] {
  const blocks = Map.groupBy(hosts, host =>
    JSON.stringify([host.problem, host.transaction, host.restartUnits, host.rebootExpected, host.reversible]),
  );
  return [...blocks.values()].toSorted((a, b) => Number(b[0]?.problem !== null) - Number(a[0]?.problem !== null) || b.length - a.length);
}

/** A ring with more lines than a screen or two shows what each transaction amounts to, and its packages when opened. */
const LINES_MAX = 40;

export function PlanRing({ ring, index }: { readonly ring: Ring; readonly index: number }) {
  const blocks = sameTransaction(ring.hosts);
  const lines = blocks.reduce((sum, block) => sum + (block[0]?.transaction.length ?? 0), 0);
  const folded = lines > LINES_MAX;
  return (
    <Section
      id={`plan-ring-${index}`}
      title={`Ring ${index + 1}, ${ring.name}: ${count(ring.hosts.length)} ${ring.hosts.length === 1 ? 'host' : 'hosts'}`}
      aside={blocks.length > 1 ? `${blocks.length} different transactions` : undefined}
    >
      {blocks.map(hosts => (
        <Block key={hosts[0]?.hostId} hosts={hosts} folded={folded} />
      ))}
    </Section>
  );
}

const NAMES_MAX = 6;

const ACTION_WORD = { upgrade: 'upgraded', downgrade: 'downgraded', install: 'installed', remove: 'removed' } as const;

/** `21 upgraded, 1 removed`. */
function changesWords(items: Host['transaction']): string {
  const byAction = Map.groupBy(items, item => item.action);
  return [...byAction].map(([action, list]) => `${count(list.length)} ${ACTION_WORD[action]}`).join(', ');
}

function namesOf(items: Host['transaction']): string {
  const names = [...new Set(items.map(item => item.name))];
  return names.slice(0, NAMES_MAX).join(', ') + (names.length > NAMES_MAX ? ', …' : '');
}

function Block({ hosts, folded }: { readonly hosts: readonly Host[]; readonly folded: boolean }) {
  const [all, setAll] = useState(false);
  const [first] = hosts;
  if (!first) return null;
  const named = all ? hosts : hosts.slice(0, NAMES_MAX);
  const predicted = hosts.filter(host => host.rehearsed === 'predicted').length;
  const minutes = Math.max(...hosts.map(host => host.estimatedMinutes));
  return (
    <div className={classes.same}>
      <div style={{ fontSize: 13, marginBottom: 4 }}>
        {named.map((host, at) => (
          <Fragment key={host.hostId}>
            {at > 0 && ', '}
            <Link to="/hosts/$id" params={{ id: host.hostId }}>
              {host.hostName}
            </Link>
          </Fragment>
        ))}
        {hosts.length > named.length && (
          <>
            {' '}
            <Button variant="subtle" size="compact-xs" onClick={() => setAll(true)}>
              and {count(hosts.length - named.length)} more
            </Button>
          </>
        )}
      </div>
      {first.problem && (
        <div style={{ fontSize: 13 }}>
          <Mark look={{ label: 'Problem', tone: 'bad', shape: 'failed' }} /> <Toned tone="bad">{first.problem}</Toned>
        </div>
      )}
      {folded && first.problem === null ? (
        <details className={classes.fold}>
          <summary>
            {changesWords(first.transaction)} <Toned tone="quiet">{namesOf(first.transaction)}</Toned>
          </summary>
          <Transaction items={first.transaction} />
        </details>
      ) : (
        <Transaction items={first.transaction} />
      )}
      <div style={{ display: 'flex', flexWrap: 'wrap', gap: '2px 16px', marginTop: 6, fontSize: 13 }}>
        <span>
          <Toned tone="quiet">restarts</Toned> {first.restartUnits.length > 0 ? first.restartUnits.join(', ') : 'nothing'}
        </span>
        <span>
          <Toned tone="quiet">reboot</Toned> {first.rebootExpected ? 'yes' : 'no'}
        </span>
        <span>
          <Mark look={REVERSIBLE_LOOK[first.reversible]} /> <Toned tone="quiet">{first.reversibleReason}</Toned>
        </span>
        {minutes > 0 && (
          <span>
            <Toned tone="quiet">takes up to</Toned> {counted(minutes, 'minute')}
            {hosts.length > 1 && ' each'}
          </span>
        )}
        {predicted > 0 && (
          <Toned tone="warn">
            {predicted === hosts.length ? 'predicted' : `${count(predicted)} predicted`}, not yet rehearsed on the host
          </Toned>
        )}
      </div>
    </div>
  );
}
