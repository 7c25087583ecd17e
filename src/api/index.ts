import { access } from './access.ts';
import { agent } from './agent.ts';
import { enrolments } from './enrolments.ts';
import { exceptions } from './exceptions.ts';
import { feeds } from './feeds.ts';
import { findings } from './findings.ts';
import { groups } from './groups.ts';
import { hosts } from './hosts.ts';
import { interventions } from './interventions.ts';
import { jobs } from './jobs.ts';
import { policies } from './policies.ts';
import { rollouts } from './rollouts.ts';
import { safety } from './safety.ts';

export const api = {
  ...access,
  ...hosts,
  ...enrolments,
  ...groups,
  ...findings,
  ...exceptions,
  ...feeds,
  ...rollouts,
  ...jobs,
  ...interventions,
  ...policies,
  ...safety,
  ...agent,
};
export type Api = typeof api;
export type RouteName = keyof Api;
