import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useRefusal } from '../data/session.ts';
import { Empty } from '../kit/empty.tsx';
import { HrefLink } from '../kit/href-link.tsx';
import { Chip } from '../kit/mark.tsx';
import { sentence } from '../kit/words.ts';
import classes from './overview.module.css';
import type { OverviewView } from './overview.tsx';

const URGENCY = { now: 'bad', soon: 'warn', later: 'quiet' } as const;

export function NextSteps({ next, hosts }: { readonly next: OverviewView['next']; readonly hosts: number }) {
  if (next.length === 0) {
    return hosts === 0 ? (
      <Empty title="Start with a host" action={<HrefLink href="/hosts?add=agent">Add hosts</HrefLink>}>
        Once a host has reported its packages, this list says what to patch first and why.
      </Empty>
    ) : (
      <Empty title="Nothing asks for a decision">
        No finding is due, no rollout waits for a person, and every feed is fresh. New work appears here by itself.
      </Empty>
    );
  }
  const first = next.find(step => patchOf(step) !== null);
  return (
    <ol className={classes.steps}>
      {next.map(step => (
        <li key={step.kind + step.href + step.title}>
          <span>
            <Chip tone={URGENCY[step.urgency]}>{step.urgency}</Chip>
          </span>
          <div>
            <div className={classes.step}>
              <HrefLink href={step.href}>{step.title}</HrefLink>
            </div>
            <div className={classes.reason} title={step.reason}>
              {step.kind.startsWith('rollout') ? sentence(step.reason) : step.reason}
            </div>
          </div>
          <Act step={step} first={step === first} />
        </li>
      ))}
    </ol>
  );
}

type Step = OverviewView['next'][number];

/** The patch that a step speaks of, or null. */
function patchOf(step: Step): string | null {
  return step.kind === 'patch' ? (/^\/patches\/([^/?]+)$/.exec(step.href)?.[1] ?? null) : null;
}

/** From the most urgent patch to its plan is one click; of equal buttons none is seen, so only the first is filled. */
function Act({ step, first }: { readonly step: Step; readonly first: boolean }) {
  const refusal = useRefusal('rollout.plan');
  const patch = patchOf(step);
  if (patch === null || refusal !== null) return null;
  return (
    <Button
      className={classes.act ?? ''}
      size="compact-sm"
      variant={first ? 'filled' : 'default'}
      renderRoot={props => <Link to="/rollouts/new" search={{ patches: patch }} {...props} />}
      aria-label={`Plan a rollout: ${step.title}`}
    >
      Plan a rollout
    </Button>
  );
}
