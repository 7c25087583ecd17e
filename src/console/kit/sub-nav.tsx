import { Link, useRouterState } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { centreInRow } from './side-scroll.ts';
import classes from './sub-nav.module.css';

interface SubPlace {
  readonly to: string;
  readonly label: string;
  /** Active on this address alone, not on what lies below it. */
  readonly exact?: boolean;
}

/** Places that belong to one entry of the navigation, in a row above the page. */
export function SubNav({ label, places }: { readonly label: string; readonly places: readonly SubPlace[] }) {
  const path = useRouterState({ select: state => state.location.pathname });
  const list = useRef<HTMLElement>(null);
  // On a narrow screen the list scrolls sideways: the present place must not be out of sight.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the list moves when the place changes
  useEffect(() => {
    centreInRow(list.current, '[data-active]');
  }, [path]);
  return (
    <nav aria-label={label} className={classes.places} ref={list}>
      {places.map(place => (
        <Link
          key={place.to}
          to={place.to}
          className={classes.place}
          activeOptions={{ exact: place.exact ?? false, includeSearch: false }}
          activeProps={{ 'data-active': true }}
        >
          {place.label}
        </Link>
      ))}
    </nav>
  );
}
