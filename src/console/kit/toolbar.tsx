import { Group } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './toolbar.module.css';

/** Filters of a list, with what can be done with the chosen rows at the right. */
export function Toolbar({ children, aside }: { readonly children: ReactNode; readonly aside?: ReactNode }) {
  return (
    <div className={classes.bar}>
      <Group gap="xs" align="flex-start" className={classes.grow}>
        {children}
      </Group>
      {aside && <Group gap="xs">{aside}</Group>}
    </div>
  );
}

export function ListFrame({ children }: { readonly children: ReactNode }) {
  return <div className={classes.frame}>{children}</div>;
}
