import { Empty } from '../kit/empty.tsx';
import { HrefLink } from '../kit/href-link.tsx';
import { Chip } from '../kit/mark.tsx';
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
            <div className={classes.reason}>{step.reason}</div>
          </div>
        </li>
      ))}
    </ol>
  );
}
