-- Exceptions: approved, reasoned, expiring leave to keep findings. States are those of src/core/findings/exceptions/states.ts; a test compares.
-- Host ids are plain text, without a foreign key: a removed host keeps its proof. Locks: exception_lock, exception, audit.

create table exception (
  id text primary key,
  title text not null,
  kind text not null check (kind in ('risk-accepted', 'deferred', 'mitigated', 'false-positive', 'not-affected', 'no-fix-available', 'unsupported-eol', 'operational')),
  state text not null check (state in ('draft', 'requested', 'under-review', 'approved', 'active', 'expiring', 'expired', 'renewed', 'revoked', 'resolved', 'rejected', 'withdrawn')),
  state_since timestamptz not null,
  state_reason text,
  reason text not null,
  -- OpenVEX status justification, for not-affected
  justification text,
  controls text[] not null default '{}',
  controls_checked_at timestamptz,
  -- what was asked for: {query, hostIds, vulnerabilityIds, sourceName, patchId}; resolved anew until the approval
  selection jsonb not null,
  -- frozen at approval: every one of these findings ({vulnerabilityId, sourceName}) on every one of these hosts
  host_ids text[] not null,
  findings jsonb not null,
  patch jsonb,
  scope_hash text not null,
  frozen_at timestamptz,
  owner_id text not null,
  owner text not null,
  requested_by text not null,
  requested_by_id text not null,
  created_at timestamptz not null,
  -- [{by, byId, at, self}] of the decision in force or under way
  approvals jsonb not null default '[]',
  approved_by text,
  approved_by_id text,
  self_approved boolean not null default false,
  approved_at timestamptz,
  -- ScopeFacts at the last approval: what a change for the worse is measured by
  baseline jsonb,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  life_class text not null,
  -- the first of its chain
  chain_id text not null,
  renews_id text references exception (id),
  renewals int not null default 0,
  reminded_days int,
  check (starts_at < ends_at),
  -- S8: two people, or a recorded installation of one risk owner
  check (approved_by_id is null or approved_by_id <> requested_by_id or self_approved),
  check ((state in ('approved', 'active', 'expiring')) <= (approved_by_id is not null and baseline is not null and frozen_at is not null)),
  check ((kind = 'operational') <= (patch is not null)),
  check ((kind = 'not-affected') = (justification is not null))
);
create index exception_created on exception (created_at desc, id);
create index exception_open on exception (state) where state not in ('expired', 'renewed', 'revoked', 'resolved', 'rejected', 'withdrawn');
-- one renewal at a time
create unique index exception_renewal on exception (renews_id) where state in ('draft', 'requested', 'under-review', 'approved');
comment on table exception is 'Leave to keep findings. It changes nothing about them: they stay open, due and counted.';

create table exception_event (
  exception_id text not null references exception (id),
  sequence int not null,
  at timestamptz not null,
  actor text not null,
  event text not null,
  from_state text not null,
  to_state text not null,
  reason text,
  detail jsonb not null default '{}',
  primary key (exception_id, sequence)
);
comment on table exception_event is 'Every step of an exception, for its page; the audit trail has the same, chained.';

create table exception_lock (
  single boolean primary key default true check (single),
  revision bigint not null default 0
);
insert into exception_lock default values;
comment on column exception_lock.revision is 'Rises with every change, so that whoever holds a copy sees that it is old.';
comment on table exception_lock is 'One row, locked by every change of an exception: that nothing else covers the same finding is checked and taken in one step.';
