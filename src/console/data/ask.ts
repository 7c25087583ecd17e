import { QueryCache, QueryClient, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import type { Client } from '../../api/client.ts';
import type { Problem } from '../../api/contract.ts';
import type { RouteName } from '../../api/index.ts';
import { sayDone, sayProblem } from '../kit/toast.tsx';
import { client, problemOf } from './client.ts';

type InputOf<N extends RouteName> = Parameters<Client[N]>[0];
export type AnswerOf<N extends RouteName> = Awaited<ReturnType<Client[N]>>;

/** Four minutes: long enough that going back is instant, short enough that nothing stale is trusted. Pages that must be fresh refetch. */
const KEEP_MS = 240_000;

let listener: (problem: Problem) => void = () => {};
/** Told of every problem that any question meets, beside the place that shows it. */
export function onProblem(next: typeof listener): void {
  listener = next;
}

export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError: error => listener(problemOf(error)) }),
  defaultOptions: {
    queries: {
      gcTime: KEEP_MS,
      staleTime: 5_000,
      // What the server refused it will refuse again; only silence and its own failures are worth another try.
      retry: (count, error) => {
        const { status } = problemOf(error);
        return count < 2 && (status === 0 || status >= 502);
      },
      retryDelay: count => 800 * 2 ** count,
    },
  },
});

/** Query options of one GET route: the key is the route's name and input, so that every page shares one answer. */
export function ask<N extends RouteName>(name: N, input: InputOf<N>) {
  return queryOptions<AnswerOf<N>>({
    queryKey: [name, input],
    queryFn: ({ signal }) =>
      (client[name] as (input: InputOf<N>, options: { signal: AbortSignal }) => Promise<AnswerOf<N>>)(input, { signal }),
  });
}

interface ActOptions<N extends RouteName> {
  /** Words for the notification, or null for none. */
  readonly done?: string | null | ((answer: AnswerOf<N>, input: InputOf<N>) => string | null);
  readonly after?: (answer: AnswerOf<N>, input: InputOf<N>) => void;
  /** Set when the form shows the problem itself. */
  readonly quiet?: boolean;
}

/** One change of the world. Everything on the screen is asked for again afterwards, because a write may show anywhere. */
export function useAct<N extends RouteName>(name: N, options: ActOptions<N> = {}) {
  const queries = useQueryClient();
  return useMutation<AnswerOf<N>, unknown, InputOf<N>>({
    mutationFn: input => (client[name] as (input: InputOf<N>) => Promise<AnswerOf<N>>)(input),
    onSuccess: async (answer, input) => {
      const words = typeof options.done === 'function' ? options.done(answer, input) : options.done;
      if (words) sayDone(words);
      options.after?.(answer, input);
      await queries.invalidateQueries();
    },
    onError: error => {
      if (!options.quiet) sayProblem(problemOf(error));
    },
  });
}
