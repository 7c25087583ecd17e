import { z } from 'zod';
import { IdParams, route } from './contract.ts';
import { RolloutDetail } from './rollouts.ts';

const HostIds = z.array(z.string()).min(1).max(10_000);

/** What people do to single hosts of a rollout, and what replaces it. */
export const interventions = {
  rolloutSkip: route({
    method: 'post',
    path: '/api/v1/rollouts/{id}/skip',
    access: 'rollout.operate',
    summary: 'Leave waiting hosts out, with a reason; more than a tenth of a ring makes its gate ask a person',
    params: IdParams,
    body: z.object({ hostIds: HostIds, reason: z.string().min(1).max(2000) }),
    answer: RolloutDetail,
  }),
  rolloutRetry: route({
    method: 'post',
    path: '/api/v1/rollouts/{id}/retry',
    access: 'rollout.operate',
    summary: 'Give hosts that wait for a person fresh attempts, without a pause; all of them when left out',
    params: IdParams,
    body: z.object({ hostIds: HostIds.optional(), reason: z.string().max(2000).default('') }),
    answer: RolloutDetail,
  }),
  rolloutForensic: route({
    method: 'post',
    path: '/api/v1/rollouts/{id}/forensic',
    access: 'rollout.operate',
    summary: 'Record that the evidence of these hosts was collected: they may be patched now',
    params: IdParams,
    body: z.object({ hostIds: HostIds, reason: z.string().min(1).max(2000) }),
    answer: RolloutDetail,
  }),
  rolloutSupersede: route({
    method: 'post',
    path: '/api/v1/rollouts/{id}/supersede',
    access: 'rollout.plan',
    summary: 'Draft the same rollout with the newer patches that took the place of its own; this one ends, hosts at work finish',
    params: IdParams,
    body: z.object({ reason: z.string().max(2000).default('') }),
    answer: RolloutDetail,
  }),
};
