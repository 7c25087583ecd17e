import { Button, Text } from '@mantine/core';
import { IconRocket } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useRefusal } from '../data/session.ts';
import { ActButton } from '../kit/act-button.tsx';
import { count } from '../kit/words.ts';

/** More ids than this make an address too long; a group query says the same in a line. */
const HOSTS_MAX = 200;

interface PlanChosenProps {
  readonly chosen: ReadonlyMap<string, unknown>;
  readonly clear: () => void;
  /** What the rollout begins with. */
  readonly start: { readonly patches?: string; readonly hosts?: string; readonly query?: string };
  /** Said behind the number of the chosen. */
  readonly note?: string;
  readonly label?: string;
  /** What else can be done with them. */
  readonly children?: ReactNode;
}

/** Beside the filters of a list of which rows are chosen: how many, and the rollout of them. */
export function PlanChosen({ chosen, clear, start, note = '', label = 'Plan a rollout', children }: PlanChosenProps) {
  const navigate = useNavigate();
  const refusal = useRefusal('rollout.plan');
  if (chosen.size === 0) return null;
  const tooMany =
    (start.hosts?.split(',').length ?? 0) > HOSTS_MAX
      ? `Choose at most ${HOSTS_MAX} hosts by hand; for more, describe them with a group query.`
      : null;
  return (
    <>
      <Text size="sm" role="status">
        {count(chosen.size)} chosen{note}
      </Text>
      <Button variant="subtle" size="compact-xs" onClick={clear}>
        Clear
      </Button>
      {children}
      <ActButton
        refusal={refusal ?? tooMany}
        leftSection={<IconRocket size={14} />}
        onClick={() => void navigate({ to: '/rollouts/new', search: start })}
      >
        {label}
      </ActButton>
    </>
  );
}
