-- What we have. Two kinds of table, so that Citus can shard the second kind by host when one machine is outgrown:
--   fleet-wide: package_version, candidate, package_transition, change_cause, host, enrolment, ssh_*, host_group (reference tables);
--   per host:   host_seen, host_inventory, host_fact, package_history (host_id first in the key).
-- No row per host and package: a host holds packed sets of fleet-wide ids (core/inventory/id-set.ts), some 700 bytes for 600 packages.

create table package_version (
  id int generated always as identity primary key,
  ecosystem text not null,
  name text not null,
  arch text not null,
  version text not null,
  source_name text not null,
  source_version text not null,
  unique (name, version, arch, source_name, source_version, ecosystem)
);
comment on table package_version is 'One row per distinct binary package version fleet-wide. Matching runs on these, never per host. Never updated, never deleted.';

create table candidate (
  id int generated always as identity primary key,
  digest bytea not null unique,
  package_version_id int not null references package_version,
  origins text[] not null,
  security boolean not null,
  size_bytes bigint,
  sha256 text,
  phased_percent real,
  availability text not null check (availability in ('offered', 'held', 'kept-back', 'phased'))
);
comment on column candidate.digest is 'First 16 bytes of SHA-256 over all other columns but id: equal offers on many hosts are one row.';

create table host (
  id text primary key,
  name text not null,
  address text,
  reach text not null check (reach in ('local', 'agent', 'ssh', 'upload')),
  machine_id text,
  platform text not null default '',
  release text not null default '',
  os_name text not null default '',
  labels jsonb not null default '{}',
  criticality text not null default 'unset' check (criticality in ('vital', 'high', 'normal', 'low', 'unset')),
  exposure text not null default 'unknown' check (exposure in ('public', 'controlled', 'local', 'unknown')),
  enrolled_at timestamptz not null,
  removed_at timestamptz,
  agent_public_key text,
  agent_secret_hash bytea,
  agent_version text
);
create index host_name on host (name);
comment on column host.platform is 'debian-12, as group queries and patches name it; empty before the first inventory.';
comment on column host.release is 'debian:12, the release that claims speak of; empty before the first inventory.';
comment on column host.removed_at is 'Removed hosts stay for their proof; their agents are refused.';
comment on column host.agent_secret_hash is 'SHA-256 of a 256-bit random secret: nothing to guess, so no slow hash.';

create table host_seen (
  host_id text primary key references host,
  last_seen_at timestamptz,
  inventory_at timestamptz,
  problem text
) with (fillfactor = 60);
comment on table host_seen is 'Flushed in batches, at most once a minute for a host that only checks in; narrow and loosely filled so that updates stay in the page.';
comment on column host_seen.problem is 'Why the last attempt to reach the host failed, in words; null after a success.';
comment on column host_seen.inventory_at is 'When the stored inventory was last known to be true: the newest report, changed or unchanged.';

create table host_inventory (
  host_id text primary key references host,
  revision int not null,
  observed_at timestamptz not null,
  facts_digest bytea not null,
  packages_digest bytea not null,
  candidates_digest bytea not null,
  package_count int not null,
  packages bytea not null,
  config_files bytea not null,
  held int[] not null default '{}',
  states jsonb not null default '{}',
  candidates bytea,
  since bytea not null default '',
  finding_facts jsonb not null
);
comment on column host_inventory.revision is 'Rises with every write; a writer names the revision that it read, and one that lost the race reads again.';
comment on column host_inventory.observed_at is 'When the stored parts last changed.';
comment on column host_inventory.packages is 'Packed set of package_version ids whose files are on the host: every dpkg state but config-files (core/inventory/id-set.ts).';
comment on column host_inventory.config_files is 'Packed set of package_version ids that are removed but left their configuration.';
comment on column host_inventory.held is 'package_version ids on hold.';
comment on column host_inventory.states is 'package_version id -> dpkg state, only where it is neither installed nor config-files.';
comment on column host_inventory.candidates is 'Packed set of candidate ids; null when candidates could not be read (an upload has none).';
comment on column host_inventory.since is 'Packed (package_version id, epoch seconds) pairs, only where the installed version is known to date from another moment than host.enrolled_at (core/inventory/since.ts).';
comment on column host_inventory.finding_facts is 'The facts that findings need: os, bootedAt, kernel, reboot, staleProcesses, packageManager, as in HostFacts. The whole document is in host_fact.';

create table host_fact (
  host_id text primary key references host,
  observed_at timestamptz not null,
  doc bytea not null
);
comment on column host_fact.doc is 'HostFacts as JSON, compressed with zstd.';

create table package_transition (
  id int generated always as identity primary key,
  ecosystem text not null,
  action text not null check (action in ('install', 'upgrade', 'downgrade', 'remove', 'purge')),
  name text not null,
  arch text not null,
  from_version text not null,
  to_version text not null,
  unique (name, from_version, to_version, arch, action, ecosystem)
);
comment on table package_transition is 'One row per distinct change fleet-wide: "openssl amd64 from A to B". Empty text where a version is absent.';

create table change_cause (
  id int generated always as identity primary key,
  digest bytea not null unique,
  origin text not null check (origin in ('log', 'observed', 'job')),
  requested_by text,
  command_line text
);
comment on table change_cause is 'Who and what made a change, interned: unattended-upgrade is one row for the whole fleet.';

create table package_history (
  host_id text not null references host,
  year smallint not null,
  changes bytea not null,
  primary key (host_id, year)
);
comment on column package_history.changes is 'The changes of a calendar year (UTC), packed: epoch seconds, package_transition id, change_cause id, in order of time (core/inventory/history.ts). Some 6 bytes a change.';

create table enrolment (
  id text primary key,
  token_hash bytea not null unique,
  labels jsonb not null default '{}',
  uses int not null,
  used int not null default 0,
  created_by text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  host_id text references host,
  connected_at timestamptz,
  received_at timestamptz,
  check (used <= uses)
);
comment on column enrolment.host_id is 'The host that used the token last.';

create table ssh_credential (
  id text primary key,
  kind text not null check (kind in ('key', 'password')),
  secret bytea not null,
  created_by text not null,
  created_at timestamptz not null
);
comment on column ssh_credential.secret is 'AES-256-GCM: nonce (12), tag (16), text. The key is a file in the data folder, never in the database; the additional data are ssh_credential|ID, so that a row cannot be moved.';

create table ssh_target (
  id text primary key,
  address text not null,
  port int not null,
  user_name text not null,
  sudo text not null check (sudo in ('none', 'passwordless', 'password')),
  credential_id text not null references ssh_credential,
  labels jsonb not null default '{}',
  accept_key boolean not null,
  state text not null check (state in ('scanning-key', 'awaiting-key-confirmation', 'connecting', 'received', 'failed')),
  host_key text,
  fingerprint text,
  message text,
  host_id text references host,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index ssh_target_host on ssh_target (host_id);
comment on column ssh_target.accept_key is 'The person chose to trust whatever key the host shows first.';
comment on column ssh_target.host_key is 'known_hosts text, one line per key type, pinned once the person has confirmed it.';

create table host_group (
  id text primary key,
  name text not null unique,
  query text not null,
  description text not null,
  created_by text not null,
  created_at timestamptz not null
);
