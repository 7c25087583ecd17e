-- What says no: freezes and availability groups. The kill switch stands in engine_lock (0004).

create table freeze_window (
  id text primary key,
  name text not null,
  kind text not null check (kind in ('hard', 'reboot-only')),
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  -- group query; null covers every host
  query text,
  owner text not null,
  reason text not null,
  created_by text not null,
  created_at timestamptz not null,
  ended_by text,
  ended_at timestamptz,
  check (starts_at < ends_at)
);
create index freeze_window_ends on freeze_window (ends_at) where ended_at is null;
comment on table freeze_window is 'When no change may start. Never without an end, an owner and a reason (domain.md 3.5).';

create table availability_group (
  id text primary key,
  name text not null unique,
  query text not null,
  min_available int not null check (min_available > 0),
  member_soak_minutes int not null check (member_soak_minutes >= 0),
  created_by text not null,
  created_at timestamptz not null
);
comment on table availability_group is 'Hosts that serve together: a member may be disrupted only while so many others are known to be well. Locked by every permit for a member, in the order of ids.';
