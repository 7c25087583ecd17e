-- Rollouts. States are those of the transition tables in src/core/rollouts; a test compares every check constraint with its table.
-- Host ids are plain text, without a foreign key: a removed host keeps its proof.
-- Locks are always taken in this order: reconciler_lease, host_lock, rollout, change_request, ring, job, engine_lock, rollout_log, audit
-- (src/server/rollouts/locks.ts).

create table rollout (
  id text primary key,
  name text not null,
  kind text not null check (kind in ('patch', 'rollback')),
  reverts_id text references rollout (id),
  state text not null check (state in ('draft', 'rehearsing', 'planned', 'awaiting-approval', 'scheduled', 'running', 'paused', 'halting', 'halted', 'completed', 'completed-partial', 'rejected', 'expired', 'superseded', 'cancelled')),
  state_since timestamptz not null,
  state_reason text,
  spec jsonb not null,
  -- rises with every edit: answers to an older rehearsal change nothing
  revision int not null default 1,
  requested_by text not null,
  requested_by_id text not null,
  -- everybody who wrote, edited or handed in this rollout: none of them may approve it
  author_ids text[] not null,
  approved_by text,
  self_approved boolean not null default false,
  plan_hash text,
  change_request_id text,
  -- from the plan; null is open
  window_starts_at timestamptz,
  window_ends_at timestamptz,
  -- what a halt ends in, once the last job has ended
  halt_outcome text check (halt_outcome in ('halted', 'expired', 'superseded')),
  -- [{code, text}], why it is paused
  pause_reasons jsonb not null default '[]',
  closes_vulnerabilities int not null default 0,
  -- of the plan; the jobs exist from the start on
  hosts int not null default 0,
  created_at timestamptz not null,
  started_at timestamptz,
  finished_at timestamptz,
  check ((state in ('running', 'paused', 'halting', 'completed', 'completed-partial', 'halted')) <= (plan_hash is not null and started_at is not null)),
  check ((state in ('halting')) <= (halt_outcome is not null))
);
create index rollout_created on rollout (created_at desc, id);
create index rollout_open on rollout (state) where state not in ('halted', 'completed', 'completed-partial', 'rejected', 'expired', 'superseded', 'cancelled');
comment on table rollout is 'One delivery of patches to chosen hosts. A rollback is a rollout of its own that reverts another.';

create table rollout_log (
  rollout_id text primary key references rollout (id),
  last_sequence bigint not null default 0
);
comment on table rollout_log is 'One counter per rollout. It is locked last and held to the commit, so that a reader who has seen sequence n will never meet a smaller one later.';

create table rollout_plan (
  rollout_id text not null references rollout (id),
  plan_hash text not null,
  revision int not null,
  plan text not null,
  report jsonb not null,
  prepared_at timestamptz not null,
  primary key (rollout_id, plan_hash)
);
comment on column rollout_plan.plan is 'Canonical JSON, the exact text whose SHA-256 is plan_hash. Never updated.';

create table change_request (
  id text primary key,
  rollout_id text not null references rollout (id),
  plan_hash text not null,
  state text not null check (state in ('draft', 'submitted', 'assessed', 'awaiting-approval', 'approved', 'scheduled', 'implementing', 'review', 'closed', 'rejected', 'cancelled', 'expired')),
  state_since timestamptz not null,
  requested_by text not null,
  requested_by_id text not null,
  decided_by text,
  decided_by_id text,
  decided_at timestamptz,
  self_approved boolean not null default false,
  expires_at timestamptz not null,
  reason text not null default '',
  assessment jsonb not null default '{}',
  outcome text check (outcome in ('successful', 'successful-with-issues', 'unsuccessful')),
  -- S8: two people, or a recorded installation of one person
  check (decided_by_id is null or state not in ('approved', 'scheduled', 'implementing', 'review', 'closed') or decided_by_id <> requested_by_id or self_approved)
);
create index change_request_rollout on change_request (rollout_id);

create table ring (
  id text primary key,
  rollout_id text not null references rollout (id),
  ring_index int not null,
  name text not null,
  state text not null check (state in ('pending', 'eligible', 'running', 'soaking', 'evaluating', 'gate-pending', 'failed', 'passed', 'skipped', 'cancelled')),
  state_since timestamptz not null,
  state_reason text,
  hosts int not null,
  soak_minutes int not null,
  concurrency int not null,
  -- GateThresholds of the approved plan
  gate jsonb not null,
  soak_ends_at timestamptz,
  last_success_at timestamptz,
  unique (rollout_id, ring_index)
);

create table job (
  id text primary key,
  rollout_id text not null references rollout (id),
  ring_id text not null references ring (id),
  ring_index int not null,
  -- order inside the ring: canaries first by the plan's own order
  position int not null,
  host_id text not null,
  host_name text not null,
  state text not null check (state in ('queued', 'offered', 'acknowledged', 'precheck', 'staging', 'staged', 'installing', 'reboot-pending', 'rebooting', 'verifying', 'lost', 'reconciling', 'succeeded', 'already-compliant', 'failed', 'verify-failed', 'timed-out', 'not-applicable', 'excluded', 'unreachable', 'superseded', 'cancelled')),
  state_since timestamptz not null,
  phase text,
  attempt int not null default 0,
  -- attempts that may still begin; a person's resume grants more
  attempts_left int not null,
  -- WaitingOn of src/core/rollouts/waiting.ts
  waiting_on text,
  -- attempts are used up, nothing was changed: a person's resume lets it try again
  parked boolean not null default false,
  -- end of the back-off, and when the first of these attempts was offered
  not_before timestamptz,
  retry_since timestamptz,
  estimated_minutes int not null,
  last_heard_at timestamptz,
  cancel_requested boolean not null default false,
  failure_class text,
  failure text,
  failure_signature text,
  infrastructure boolean not null default false,
  touched boolean not null default false,
  -- login of the person whose override took this failure out of the gate's count
  failure_accepted_by text,
  transaction jsonb not null,
  result jsonb,
  healed jsonb not null default '[]',
  closed_vulnerabilities text[] not null default '{}',
  started_at timestamptz,
  finished_at timestamptz,
  unique (rollout_id, host_id)
);
-- S5: at most one active job per host, whatever the rollouts
create unique index job_active on job (host_id) where state in ('offered', 'acknowledged', 'precheck', 'staging', 'staged', 'installing', 'reboot-pending', 'rebooting', 'verifying', 'lost', 'reconciling');
create index job_ring on job (ring_id, state);
create index job_host on job (host_id);

create table job_attempt (
  job_id text not null references job (id),
  attempt int not null,
  plan_id text not null unique,
  host_sequence bigint not null,
  envelope jsonb not null,
  offered_at timestamptz not null,
  not_after timestamptz not null,
  acknowledged_at timestamptz,
  result jsonb,
  result_at timestamptz,
  primary key (job_id, attempt)
);
comment on column job_attempt.result is 'The first result of the attempt; it is accepted once. Later copies that differ are in job_late_result.';

create table job_late_result (
  id bigint generated always as identity primary key,
  job_id text not null references job (id),
  attempt int not null,
  received_at timestamptz not null,
  reason text not null,
  result jsonb not null
);
create index job_late_result_job on job_late_result (job_id);

create table job_event (
  job_id text not null references job (id),
  attempt int not null,
  sequence int not null,
  at timestamptz not null,
  phase text not null,
  kind text not null,
  text text not null,
  primary key (job_id, attempt, sequence)
);

create table rollout_event (
  rollout_id text not null references rollout (id),
  sequence bigint not null,
  at timestamptz not null,
  kind text not null check (kind in ('rollout', 'ring', 'job', 'output', 'gate', 'permit')),
  ring_index int,
  job_id text,
  host_name text,
  text text not null,
  primary key (rollout_id, sequence)
);

create table permit (
  id text primary key,
  job_id text not null references job (id),
  attempt int not null,
  host_id text not null,
  phase text not null check (phase in ('apply', 'reboot')),
  issued_at timestamptz not null,
  expires_at timestamptz not null,
  -- asked for again after it ran out unused: the host has not started
  voided_at timestamptz,
  envelope jsonb not null,
  -- the facts it was decided on
  decided_on jsonb not null
);
-- single use: one live permit per attempt and phase
create unique index permit_live on permit (job_id, attempt, phase) where voided_at is null;

create table gate_evaluation (
  id bigint generated always as identity primary key,
  rollout_id text not null references rollout (id),
  ring_id text not null references ring (id),
  at timestamptz not null,
  verdict text not null check (verdict in ('pass', 'fail', 'inconclusive')),
  inputs jsonb not null,
  thresholds jsonb not null,
  statement text not null,
  reasons jsonb not null,
  decided_by text not null,
  override_reason text
);
create index gate_evaluation_ring on gate_evaluation (ring_id, id);
comment on table gate_evaluation is 'Immutable: asking again writes another row (domain.md 2.10).';

create table simulation (
  id text primary key,
  rollout_id text not null references rollout (id),
  revision int not null,
  host_id text not null,
  -- null: there is nothing to ask, the host is left out
  request jsonb,
  -- HostCase of src/core/rollouts/planner.ts without its answer
  host jsonb not null,
  asked_at timestamptz not null,
  answer jsonb,
  answered_at timestamptz,
  unique (rollout_id, revision, host_id)
);
create index simulation_open on simulation (host_id) where answer is null and request is not null;

create table host_lock (
  host_id text primary key,
  -- of the last signed plan for this host; the host refuses anything at or below what it has accepted
  plan_sequence bigint not null default 0
);
comment on table host_lock is 'The row that is locked first by everything that decides about a host.';

create table engine_lock (
  single boolean primary key default true check (single),
  kill_switch boolean not null default false,
  kill_switch_by text,
  kill_switch_at timestamptz,
  kill_switch_reason text,
  -- hosts in disruption at once over all rollouts
  concurrency_max int not null default 50 check (concurrency_max > 0)
);
insert into engine_lock default values;
comment on table engine_lock is 'One row, locked by every permit: the global cap is checked and taken in one step (S1), and an engaged kill switch is seen by all (S11).';

create table reconciler_lease (
  name text primary key,
  holder text not null,
  fence bigint not null,
  leased_until timestamptz not null
);
