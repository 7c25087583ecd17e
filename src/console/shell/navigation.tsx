import {
  IconAlertTriangle,
  IconBandage,
  IconHourglass,
  IconListDetails,
  IconRocket,
  IconServer,
  IconSettings,
  IconTargetArrow,
} from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useSession } from '../data/session.ts';
import classes from './shell.module.css';

const PLACES = [
  { to: '/', label: 'Overview', Icon: IconTargetArrow, exact: true },
  { to: '/hosts', label: 'Hosts', Icon: IconServer },
  { to: '/patches', label: 'Patches', Icon: IconBandage },
  { to: '/findings', label: 'Findings', Icon: IconAlertTriangle },
  { to: '/exceptions', label: 'Exceptions', Icon: IconHourglass },
  { to: '/rollouts', label: 'Rollouts', Icon: IconRocket },
  { to: '/audit', label: 'Audit', Icon: IconListDetails, needs: 'audit.read' },
  { to: '/settings/feeds', label: 'Settings', Icon: IconSettings, under: '/settings' },
] as const;

export const PLACE_LIST: readonly { readonly to: string; readonly label: string }[] = [
  ...PLACES.map(({ to, label }) => ({ to, label })),
  { to: '/rollouts/new', label: 'New rollout' },
  { to: '/exceptions/new', label: 'Ask for an exception' },
  { to: '/rollouts/policies', label: 'Policies: recurring rollouts' },
  { to: '/rollouts/safety', label: 'Safety: kill switch, freezes, availability groups' },
  { to: '/hosts?add=agent', label: 'Add hosts' },
  { to: '/settings/groups', label: 'Settings: groups' },
  { to: '/settings/people', label: 'Settings: people' },
  { to: '/settings/account', label: 'Settings: password and API tokens' },
  { to: '/settings/about', label: 'Settings: about' },
];

export function Navigation() {
  const { permissions } = useSession();
  return (
    <nav aria-label="Main">
      <ul className={classes.places}>
        {PLACES.filter(place => !('needs' in place) || permissions.includes(place.needs)).map(place => (
          <li key={place.to}>
            <Link
              to={place.to}
              className={classes.place}
              activeOptions={{ exact: 'exact' in place, includeSearch: false }}
              activeProps={{ 'data-active': true }}
            >
              <place.Icon size={17} stroke={1.7} aria-hidden />
              <span>{place.label}</span>
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
