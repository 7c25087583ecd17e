import { setTimeout as wait } from 'node:timers/promises';
import type { Answer, Input, Route } from '../api/contract.ts';
import { type Api, api, type RouteName } from '../api/index.ts';
import { addMs, type Clock, type Instant, systemClock } from '../core/kernel/instants.ts';
import type { Caller, Handlers, RequestInfo } from '../server/context.ts';

/** Held in the hand while the months are told; let go, it is the machine's own clock. */
export class StoryClock implements Clock {
  #held: Instant | null;
  constructor(start: Instant) {
    this.#held = start;
  }
  now(): Instant {
    return this.#held ?? systemClock.now();
  }
  advance(ms: number): void {
    this.#held = addMs(this.now(), ms);
  }
  /** Never back: the trail is in the order of time. */
  advanceTo(at: Instant): void {
    if (at > this.now()) this.#held = at;
  }
  letGo(): void {
    this.#held = null;
  }
}

/** What the story needs of a server that is put together: every handler, the reconciler, and everything that was announced taken in. */
export interface DemoServer {
  readonly handlers: Handlers;
  reconcileOnce(): Promise<void>;
  settled(): Promise<void>;
  /** Waits for imports that run behind. */
  imported(): Promise<void>;
}

const REQUEST: RequestInfo = {
  signal: new AbortController().signal,
  remoteAddress: '127.0.0.1',
  secure: false,
  setCookie: () => {},
  cookies: {},
};

/** Asks as the API is asked: the contract's schemas fill in what is left out and refuse what is wrong. */
export async function ask<N extends RouteName>(
  server: Pick<DemoServer, 'handlers'>,
  caller: Caller,
  name: N,
  input: Input<Api[N]>,
): Promise<Answer<Api[N]>> {
  const route = api[name] as Route;
  const given = input as { params?: unknown; query?: unknown; body?: unknown };
  const parsed = {
    params: route.params?.parse(given.params ?? {}),
    query: route.query?.parse(given.query ?? {}),
    body: route.body?.parse(given.body ?? {}),
  };
  const handler = server.handlers[name] as unknown as (input: object, caller: Caller, request: RequestInfo) => Promise<Answer<Api[N]>>;
  return await handler(parsed, caller, REQUEST);
}

export function agentCaller(hostId: string): Caller {
  return { kind: 'agent', hostId };
}

/** `work` for each, so many at once. */
export async function each<Item>(items: readonly Item[], atOnce: number, work: (item: Item) => Promise<void>): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}

export async function until(what: string, holds: () => Promise<boolean>, secondsMax = 60): Promise<void> {
  for (let left = secondsMax * 20; !(await holds()); left -= 1) {
    if (left <= 0) throw new Error(`${what}: not within ${secondsMax} s`);
    await wait(50);
  }
}
