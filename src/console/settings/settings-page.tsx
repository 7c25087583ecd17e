import type { ReactNode } from 'react';
import { useSession } from '../data/session.ts';
import { Page } from '../kit/page.tsx';
import { SubNav } from '../kit/sub-nav.tsx';

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
      <SubNav label="Settings" places={PLACES.filter(place => !('needs' in place) || permissions.includes(place.needs))} />
      <Page title={title} lead={lead} actions={actions}>
        {children}
      </Page>
    </>
  );
}
