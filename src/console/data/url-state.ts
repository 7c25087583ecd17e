import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';

/** What a page shows is in its address: filters, sort, page, open tab and drawer. All values are plain text, so addresses stay readable. */
export type UrlState = Readonly<Record<string, string | undefined>>;

export function parseSearch(text: string): UrlState {
  return Object.fromEntries(new URLSearchParams(text));
}

export function stringifySearch(state: Record<string, unknown>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(state))
    if (value !== undefined && value !== null && value !== '') query.set(name, String(value));
  return query.size > 0 ? `?${query}` : '';
}

type Change = (patch: UrlState, options?: { readonly push?: boolean }) => void;

/** `change` merges; undefined removes. Typing replaces the history entry, choosing (push) adds one, so that Back undoes choices and not letters. */
export function useUrlState(): readonly [UrlState, Change] {
  const state = useSearch({ strict: false }) as UrlState;
  const navigate = useNavigate();
  const change = useCallback<Change>(
    (patch, options) =>
      void navigate({
        to: '.',
        search: (before: UrlState) =>
          Object.fromEntries(Object.entries({ ...before, ...patch }).filter(([, value]) => value !== undefined && value !== '')),
        replace: !options?.push,
        resetScroll: false,
      }),
    [navigate],
  );
  return [state, change];
}
