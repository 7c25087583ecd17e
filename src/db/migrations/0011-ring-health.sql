-- What a gate asks besides results.

create table ring_health (
  ring_id text not null references ring (id) on delete cascade,
  at timestamptz not null,
  -- MetricReading[] of core/rollouts/health.ts
  readings jsonb not null,
  primary key (ring_id, at)
);
comment on table ring_health is 'Measured outside of any transaction once the soak is over; the gate reads what stands here.';

alter table gate_evaluation add column metrics jsonb not null default '[]';
-- a person has accepted what the gate could not pass: health, proof, hosts left out
alter table ring add column overridden_by text;
alter table engine_lock add column prometheus_url text;
