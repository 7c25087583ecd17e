import { useQuery } from '@tanstack/react-query';
import type { Access } from '../../api/contract.ts';
import { type AnswerOf, ask, queryClient } from './ask.ts';

export type SessionView = AnswerOf<'sessionGet'>;
export const sessionQuery = { ...ask('sessionGet', {}), staleTime: 60_000 };

/** Inside the signed-in part of the site map the session is always there: the route loads it first. */
export function useSession(): SessionView {
  const { data } = useQuery(sessionQuery);
  if (!data) throw new Error('useSession outside of the signed-in routes');
  return data;
}

export function startSession(session: SessionView): void {
  queryClient.clear();
  queryClient.setQueryData(sessionQuery.queryKey, session);
}

const WHO: Partial<Record<Access, string>> = {
  'host.write': 'an operator, planner or administrator',
  'host.enrol': 'an administrator',
  'group.write': 'a planner or administrator',
  'feed.write': 'an administrator',
  'exception.request': 'an operator, planner, approver, risk owner or administrator',
  'exception.approve': 'a risk owner',
  'rollout.plan': 'a planner',
  'rollout.approve': 'an approver',
  'rollout.operate': 'an operator',
  'person.read': 'an administrator or auditor',
  'person.write': 'an administrator',
  'audit.read': 'an auditor or administrator',
  'setting.write': 'an administrator',
};

/** null when this person may, else the reason that a disabled button shows. The server checks again. */
export function useRefusal(access: Access | undefined): string | null {
  const session = useSession();
  if (access === undefined || session.permissions.includes(access)) return null;
  return `This needs ${WHO[access] ?? `the permission ${access}`}.`;
}
