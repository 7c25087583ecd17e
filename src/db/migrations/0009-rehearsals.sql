-- Rehearsals of level 2: the exact transaction run in a throw-away copy of a host. They need no job: the plan is rehearsed before any job may begin.

create table rehearsal (
  id text primary key,
  rollout_id text not null references rollout (id),
  plan_hash text not null,
  host_id text not null,
  host_name text not null,
  -- of the ring that opens first: it stays shut until these have answered
  canary boolean not null,
  -- DSSE envelope of a RehearsalPlan (src/core/rollouts/rehearsal.ts)
  envelope jsonb not null,
  asked_by text not null,
  asked_at timestamptz not null,
  expires_at timestamptz not null,
  answered_at timestamptz,
  verdict text check (verdict in ('passed', 'failed', 'not-possible')),
  -- RehearsalReport as the host sent it
  report jsonb,
  -- who went on in spite of it
  accepted_by text,
  check ((answered_at is null) = (verdict is null))
);
create index rehearsal_rollout on rehearsal (rollout_id, plan_hash, asked_at);
create index rehearsal_open on rehearsal (host_id) where answered_at is null;
comment on table rehearsal is 'The newest row of a host for the plan in force counts; older ones are history.';
