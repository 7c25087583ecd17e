-- Standing orders: policies that make rollouts by themselves. Exactly once per occurrence is the primary key of policy_occurrence, whatever the replicas.

create table policy (
  id text primary key,
  name text not null,
  spec jsonb not null,
  enabled boolean not null,
  -- occurrences before this moment are none of its business
  enabled_at timestamptz,
  -- everybody who wrote or edited it: none of them may approve what it makes
  author_ids text[] not null,
  created_by text not null,
  created_at timestamptz not null,
  updated_by text not null,
  updated_at timestamptz not null,
  removed_at timestamptz
);
create unique index policy_name on policy (lower(name)) where removed_at is null;
comment on table policy is 'A recurring order: which hosts, when, which patches. It drafts, rehearses and hands in; people approve.';

alter table rollout add column policy_id text references policy (id);
create index rollout_policy on rollout (policy_id) where policy_id is not null;

create table policy_occurrence (
  policy_id text not null references policy (id),
  -- core/rollouts/policy.ts Lane.key: the hosts that share one clock
  lane text not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  decided_at timestamptz not null,
  rollout_id text references rollout (id),
  -- SKIP_REASONS of core/rollouts/policy.ts
  skip_reason text,
  detail text not null default '',
  primary key (policy_id, lane, starts_at),
  check ((rollout_id is null) = (skip_reason is not null))
);

create table policy_emergency (
  policy_id text not null references policy (id),
  patch_id text not null,
  rollout_id text not null references rollout (id),
  taken_at timestamptz not null,
  primary key (policy_id, patch_id)
);
comment on table policy_emergency is 'Known exploited patches that a policy has taken up at once; the key makes it once.';

create table patch_seen (
  patch_id text primary key,
  first_seen_at timestamptz not null
);
comment on table patch_seen is 'When a patch was first offered to any host here: the age that an approval delay counts from.';
