import type { RouteName } from '../../api/index.ts';
import { epochMs, type Instant, MINUTE_MS } from '../../core/kernel/instants.ts';
import {
  ENROLMENTS_PER_ADDRESS_PER_MINUTE,
  RATE_KEYS_MAX,
  SIGN_IN_PER_ACCOUNT_PER_MINUTE,
  SIGN_IN_PER_ADDRESS_PER_MINUTE,
} from '../../core/kernel/limits.ts';
import { RequestFault } from './problems.ts';

interface Rule {
  readonly perAddress: number;
  /** Body field that names the account. */
  readonly account?: 'login';
}
const SIGN_IN: Rule = { perAddress: SIGN_IN_PER_ADDRESS_PER_MINUTE };

/** Public routes that try a secret. */
const RULES: Partial<Readonly<Record<RouteName, Rule>>> = {
  sessionCreate: { ...SIGN_IN, account: 'login' },
  sessionLink: SIGN_IN,
  setupAdministrator: SIGN_IN,
  invitationAccept: SIGN_IN,
  passwordChange: SIGN_IN,
  agentEnrol: { perAddress: ENROLMENTS_PER_ADDRESS_PER_MINUTE },
};

/** A bucket that refills evenly: full at first, one attempt each. */
interface Bucket {
  tokens: number;
  atMs: number;
}

interface RateLimits {
  /** Throws RequestFault 429 when the caller has tried too often. */
  spend(route: RouteName, address: string, body: unknown, now: Instant): void;
}

/** In memory, per process: a replica more is one more set of attempts, which the limits leave room for. */
export function rateLimits(): RateLimits {
  const buckets = new Map<string, Bucket>();
  const take = (key: string, perMinute: number, nowMs: number): number => {
    const bucket = buckets.get(key) ?? { tokens: perMinute, atMs: nowMs };
    const tokens = Math.min(perMinute, bucket.tokens + ((nowMs - bucket.atMs) * perMinute) / MINUTE_MS);
    buckets.delete(key);
    buckets.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, atMs: nowMs });
    for (const oldest of buckets.keys()) {
      if (buckets.size <= RATE_KEYS_MAX) break;
      buckets.delete(oldest);
    }
    return tokens >= 1 ? 0 : Math.ceil(((1 - tokens) * 60) / perMinute);
  };
  return {
    spend(route, address, body, now) {
      const rule = RULES[route];
      if (rule === undefined) return;
      const nowMs = epochMs(now);
      const waits = [take(`${route === 'agentEnrol' ? 'enrol' : 'sign-in'} ${address}`, rule.perAddress, nowMs)];
      const account = rule.account === undefined ? undefined : (body as Record<string, unknown> | null)?.[rule.account];
      if (typeof account === 'string')
        waits.push(take(`account ${account.toLowerCase().slice(0, 100)}`, SIGN_IN_PER_ACCOUNT_PER_MINUTE, nowMs));
      const seconds = Math.max(...waits);
      if (seconds > 0)
        throw new RequestFault(429, 'too-many-attempts', 'Too many attempts.', `Wait ${seconds} s and try again.`, {
          retryAfterSeconds: seconds,
        });
    },
  };
}
