import { Link } from '@tanstack/react-router';
import type { Tone } from '../theme.ts';
import classes from './kit.module.css';
import { count } from './words.ts';

export interface Share {
  readonly key: string;
  readonly label: string;
  readonly count: number;
  readonly tone: Tone;
  /** Less of its colour, to tell it from its neighbour of the same tone. */
  readonly faint?: boolean;
  /** Where the list behind this number is. */
  readonly to?: { readonly path: string; readonly search: Record<string, string> };
}
/** A thin bar of shares with every number beside it in words; the bar itself is decoration for the eye. */
export function ShareBar({ shares }: { readonly shares: readonly Share[] }) {
  const shown = shares.filter(share => share.count > 0);
  return (
    <div>
      <div className={classes.bar} aria-hidden="true">
        {shown.map(share => (
          <span key={share.key} style={{ flexGrow: share.count, color: `var(--tone-${share.tone})`, opacity: share.faint ? 0.45 : 1 }} />
        ))}
      </div>
      <ul className={classes.legend}>
        {shares.map(share => (
          <li key={share.key}>
            <span
              className={classes.swatch}
              aria-hidden="true"
              style={{ color: `var(--tone-${share.tone})`, opacity: share.faint ? 0.45 : 1 }}
            />
            <span>
              {share.to ? (
                <Link to={share.to.path} search={share.to.search}>
                  <b>{count(share.count)}</b> {share.label}
                </Link>
              ) : (
                <>
                  <b>{count(share.count)}</b> {share.label}
                </>
              )}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
