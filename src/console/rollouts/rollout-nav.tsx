import { SubNav } from '../kit/sub-nav.tsx';

const PLACES = [
  { to: '/rollouts', label: 'Rollouts', exact: true },
  { to: '/rollouts/policies', label: 'Policies' },
  { to: '/rollouts/safety', label: 'Safety' },
] as const;

/** What there is about rollouts: those that are or were, what makes them by itself, and what stops them all. */
export function RolloutNav() {
  return <SubNav label="About rollouts" places={PLACES} />;
}
