import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useSession } from '../data/session.ts';
import { Page } from '../kit/page.tsx';
import classes from './settings.module.css';

const PLACES = [
  { to: '/settings/feeds', label: 'Feeds' },
  { to: '/settings/groups', label: 'Groups' },
  { to: '/settings/people', label: 'People', needs: 'person.read' },
  { to: '/settings/account', label: 'Password and tokens' },
  { to: '/settings/about', label: 'About' },
] as const;

export function SettingsPage({
  title,
  lead,
  actions,
  children,
}: {
  readonly title: string;
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}) {
  const { permissions } = useSession();
  return (
    <>
      <nav aria-label="Settings" className={classes.places} ref={showActive}>
        {PLACES.filter(place => !('needs' in place) || permissions.includes(place.needs)).map(place => (
          <Link key={place.to} to={place.to} className={classes.place} activeProps={{ 'data-active': true }}>
            {place.label}
          </Link>
        ))}
      </nav>
      <Page title={title} lead={lead} actions={actions}>
        {children}
      </Page>
    </>
  );
}

/** On a narrow screen the list scrolls sideways: the present place must not be out of sight. */
function showActive(list: HTMLElement | null): void {
  list?.querySelector('[data-active]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
}
