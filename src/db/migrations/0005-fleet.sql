-- The fleet model is a cache over the other tables; only what cannot be read out of them again is kept here.

create table residual_version (
  host_id text not null references host,
  package_name text not null,
  source_name text not null,
  source_version text not null,
  until text not null check (until in ('restart', 'reboot')),
  since_at timestamptz not null,
  replaced_at timestamptz not null,
  primary key (host_id, package_name, source_name, source_version)
);
comment on table residual_version is 'Versions that are gone from a host''s disk and still run: mapped by a process until it restarts, or the running kernel until the next boot. Their findings stay open.';
comment on column residual_version.since_at is 'When the version had come onto the host; replaced_at: when a report first showed that it was gone from the disk.';
