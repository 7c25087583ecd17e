import { count, counted } from '../kit/words.ts';
import type { Tone } from '../theme.ts';
import classes from './rollouts.module.css';

interface Counts {
  readonly hosts: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly active: number;
  readonly waiting: number;
}

type Part = keyof Omit<Counts, 'hosts'> | 'other';
const PARTS: readonly (readonly [Part, Tone, string])[] = [
  ['succeeded', 'good', 'done'],
  ['failed', 'bad', 'failed'],
  ['active', 'info', 'at work'],
  ['waiting', 'quiet', 'waiting'],
  ['other', 'quiet', 'not done'],
];

/** What was left out, cancelled or never reached stays in the denominator; before the start there is nothing to tell apart. */
function withOthers(given: Counts): Readonly<Record<Part, number>> & Counts {
  const told = given.succeeded + given.failed + given.active + given.waiting;
  return { ...given, other: told === 0 ? 0 : Math.max(0, given.hosts - told) };
}

/** Counts of a rollout or a ring: a thin bar, and the numbers in words. Every host is in exactly one part. */
export function Progress({ counts: given }: { readonly counts: Counts }) {
  const counts = withOthers(given);
  const words = PARTS.filter(([part]) => counts[part] > 0).map(([part, , word]) => `${count(counts[part])} ${word}`);
  if (counts.hosts === 0) return <div className={classes.progress}>no plan yet</div>;
  return (
    <div className={classes.progress}>
      <div className={classes.thin} aria-hidden="true">
        {PARTS.filter(([part]) => counts[part] > 0).map(([part, tone]) => (
          <span key={part} style={{ flexGrow: counts[part], background: `var(--tone-${tone})`, opacity: tone === 'quiet' ? 0.3 : 1 }} />
        ))}
      </div>
      <span>{words.length > 0 ? words.join(', ') : counted(counts.hosts, 'host')}</span>
    </div>
  );
}
