import { Loader } from '@mantine/core';
import { Glyph } from './mark.tsx';
import classes from './steps.module.css';

interface Step {
  readonly label: string;
  readonly text: string;
}

/** Live steps: `at` is the one that has been reached; the next one is what is being waited for. */
export function Steps({ steps, at, done }: { readonly steps: readonly Step[]; readonly at: number; readonly done: boolean }) {
  return (
    <ol className={classes.steps} aria-live="polite">
      {steps.map((step, index) => {
        const reached = done || index < at;
        const now = !done && index === at;
        return (
          <li key={step.label} data-reached={reached || undefined} data-now={now || undefined} aria-current={now ? 'step' : undefined}>
            {reached ? <Glyph shape="done" tone="good" /> : now ? <Loader size={11} aria-hidden /> : <Glyph shape="waiting" tone="quiet" />}
            <span>
              <b>{step.label}</b> {step.text}
            </span>
          </li>
        );
      })}
    </ol>
  );
}
