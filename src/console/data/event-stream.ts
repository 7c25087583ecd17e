import { useEffect, useReducer } from 'react';
import type { RolloutEventView } from '../../api/rollouts.ts';
import { addressOf } from './client.ts';

/** A long rollout writes tens of thousands of lines; the page keeps the newest, the server has all. */
const LINES_MAX = 5_000;

export interface LiveLog {
  readonly lines: readonly RolloutEventView[];
  readonly state: 'connecting' | 'live' | 'reconnecting';
  /** Lines that were let go because there are too many. */
  readonly dropped: number;
}

type Step =
  | { readonly kind: 'lines'; readonly lines: readonly RolloutEventView[] }
  | { readonly kind: 'state'; readonly state: LiveLog['state'] };

/** Sequence numbers rise; after a reconnection the server may send some again. */
function step(log: LiveLog, next: Step): LiveLog {
  if (next.kind === 'state') return { ...log, state: next.state };
  const last = log.lines.at(-1)?.sequence ?? 0;
  const fresh = next.lines.filter(line => line.sequence > last);
  if (fresh.length === 0) return log;
  const lines = [...log.lines, ...fresh];
  const over = Math.max(0, lines.length - LINES_MAX);
  return { ...log, lines: over > 0 ? lines.slice(over) : lines, dropped: log.dropped + over };
}

/** Lines come in bursts while a package manager speaks: they are put on the screen four times a second, not one by one. */
const BURST_MS = 250;

/** The log of a rollout, live. The browser reconnects by itself; `onLine` tells that something happened. */
export function useRolloutLog(rolloutId: string, onLine: () => void): LiveLog {
  const [log, send] = useReducer(step, { lines: [], state: 'connecting', dropped: 0 });
  useEffect(() => {
    const source = new EventSource(addressOf('rolloutStream', { params: { id: rolloutId }, query: { after: 0 } }));
    let burst: RolloutEventView[] = [];
    const timer = setInterval(() => {
      if (burst.length === 0) return;
      send({ kind: 'lines', lines: burst });
      burst = [];
      onLine();
    }, BURST_MS);
    source.onopen = () => send({ kind: 'state', state: 'live' });
    source.onerror = () => send({ kind: 'state', state: 'reconnecting' });
    source.onmessage = message => burst.push(JSON.parse(message.data) as RolloutEventView);
    return () => {
      clearInterval(timer);
      source.close();
    };
  }, [rolloutId, onLine]);
  return log;
}
