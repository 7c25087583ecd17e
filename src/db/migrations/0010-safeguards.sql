-- More that says no: soft freezes, safeguard holds, retracted updates, budgets; and what people do to single hosts of a rollout.

alter table freeze_window drop constraint freeze_window_kind_check;
alter table freeze_window add constraint freeze_window_kind_check check (kind in ('hard', 'soft', 'reboot-only'));

alter table availability_group alter column min_available drop not null;
alter table availability_group add column max_unavailable int check (max_unavailable > 0);
alter table availability_group add column max_unavailable_percent int check (max_unavailable_percent between 1 and 100);
alter table availability_group add constraint availability_group_promise check (num_nonnulls(min_available, max_unavailable, max_unavailable_percent) = 1);

create table safeguard_hold (
  id text primary key,
  name text not null,
  -- group query over host facts; null covers every host
  query text,
  -- source package; null holds every change
  source_name text,
  reason text not null,
  owner text not null,
  created_by text not null,
  created_at timestamptz not null,
  ends_at timestamptz not null,
  lifted_by text,
  lifted_at timestamptz,
  check (created_at < ends_at)
);
create index safeguard_hold_ends on safeguard_hold (ends_at) where lifted_at is null;
comment on table safeguard_hold is 'Hosts of a kind that a kind of update must not reach for now. Thirty days at most (domain.md 2.12).';

create table retraction (
  id text primary key,
  source_name text not null,
  source_version text not null,
  reason text not null,
  created_by text not null,
  created_at timestamptz not null,
  lifted_by text,
  lifted_at timestamptz,
  lifted_reason text
);
create unique index retraction_in_force on retraction (source_name, source_version) where lifted_at is null;
comment on table retraction is 'An update that nobody may install: plans refuse it, permits refuse it, rollouts that hold it are paused.';

-- vulnerabilities whose decision asks for evidence before the patch, from the plan
alter table job add column forensic text[] not null default '{}';
alter table job add column forensic_cleared_by text;

-- the ring of hosts that were not reached; it waits longer than others
alter table ring add column catch_up boolean not null default false;
alter table ring add column deadline_minutes int;

alter table patch_seen add column platform text;
alter table patch_seen add column source_name text;
