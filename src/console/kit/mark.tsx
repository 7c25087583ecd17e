import type { ReactNode } from 'react';
import type { Tone } from '../theme.ts';
import classes from './mark.module.css';
import type { Look, Shape } from './states.ts';

const PATH: Readonly<Record<Shape, ReactNode>> = {
  done: (
    <>
      <circle cx="6" cy="6" r="5.2" fill="currentColor" />
      <path d="M3.4 6.2l1.8 1.8 3.4-3.8" className={classes.cut} />
    </>
  ),
  going: (
    <>
      <circle cx="6" cy="6" r="4.4" className={classes.ring} />
      <path d="M6 1.6a4.4 4.4 0 0 1 0 8.8z" fill="currentColor" />
    </>
  ),
  waiting: <circle cx="6" cy="6" r="4.4" className={classes.ring} />,
  attention: (
    <>
      <path d="M6 .8l5.6 10H.4z" fill="currentColor" />
      <path d="M6 4.4v3M6 8.6v.9" className={classes.cut} />
    </>
  ),
  failed: (
    <>
      <rect x=".9" y=".9" width="10.2" height="10.2" rx="1.6" fill="currentColor" />
      <path d="M3.7 3.7l4.6 4.6M8.3 3.7L3.7 8.3" className={classes.cut} />
    </>
  ),
  off: <path d="M1.6 6h8.8" className={classes.dash} />,
};

export function Glyph({ shape, tone }: { readonly shape: Shape; readonly tone: Tone }) {
  return (
    <svg viewBox="0 0 12 12" width="11" height="11" aria-hidden="true" className={classes.glyph} style={{ color: `var(--tone-${tone})` }}>
      {PATH[shape]}
    </svg>
  );
}

/** A state: shape, colour and always its words. `note` replaces the general meaning with what is true here. */
export function Mark({ look, note }: { readonly look: Look; readonly note?: string | null | undefined }) {
  const title = note ?? look.meaning;
  return (
    <span className={classes.mark} {...(title ? { title } : {})}>
      <Glyph shape={look.shape} tone={look.tone} />
      {look.label}
    </span>
  );
}

/** Words with a tone, for what is no state: `KEV`, `overdue`. */
export function Toned({
  tone,
  strong,
  children,
  title,
}: {
  readonly tone: Tone;
  readonly strong?: boolean;
  readonly children: ReactNode;
  readonly title?: string;
}) {
  return (
    <span style={{ color: `var(--tone-${tone})`, fontWeight: strong ? 600 : undefined }} title={title}>
      {children}
    </span>
  );
}

/** A small label with a soft background. */
export function Chip({ tone = 'quiet', children, title }: { readonly tone?: Tone; readonly children: ReactNode; readonly title?: string }) {
  return (
    <span className={classes.chip} style={{ color: `var(--tone-${tone})`, background: `var(--soft-${tone})` }} title={title}>
      {children}
    </span>
  );
}
