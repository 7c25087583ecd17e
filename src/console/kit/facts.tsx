import { Fragment, type ReactNode } from 'react';
import classes from './kit.module.css';

/** Name and value pairs in their order; those whose value is null or false are left out. */
export function Facts({ rows }: { readonly rows: Readonly<Record<string, ReactNode>> }) {
  return (
    <dl className={classes.facts}>
      {Object.entries(rows)
        .filter(([, value]) => value !== null && value !== undefined && value !== false)
        .map(([name, value]) => (
          <Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </Fragment>
        ))}
    </dl>
  );
}
