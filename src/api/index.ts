import { access } from './access.ts';
import { agent } from './agent.ts';
import { feeds } from './feeds.ts';
import { findings } from './findings.ts';
import { hosts } from './hosts.ts';
import { interventions } from './interventions.ts';
import { policies } from './policies.ts';
import { rollouts } from './rollouts.ts';
import { safety } from './safety.ts';

export const api = { ...access, ...hosts, ...findings, ...feeds, ...rollouts, ...interventions, ...policies, ...safety, ...agent };
export type Api = typeof api;
export type RouteName = keyof Api;
