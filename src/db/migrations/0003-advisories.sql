-- What publishers say. All tables are fleet-wide and small beside the fleet: no row per host and vulnerability anywhere.

create table feed (
  id text primary key,
  kind text not null,
  url text,
  url_by_person boolean not null default false,
  enabled boolean not null default true,
  state text not null default 'never-loaded' check (state in ('never-loaded', 'current', 'failed', 'refused')),
  message text,
  records int not null default 0,
  quarantined int not null default 0,
  data_date text,
  loaded_at timestamptz,
  checked_at timestamptz,
  next_sync_at timestamptz,
  leased_until timestamptz,
  fence int not null default 0
);
comment on column feed.id is 'Id of a built-in feed (server/feeds/catalog.ts), or of the advisory source for one that comes as files.';
comment on column feed.kind is 'Id of the advisory source that reads it; its claims carry it as source.';
comment on column feed.url_by_person is 'Only a URL that an administrator typed may lead to a private address.';
comment on column feed.leased_until is 'Held by the process that loads this feed; fence rises with every lease, and a load commits only under its own fence.';

create table feed_part (
  feed_id text not null references feed,
  part text not null,
  records int not null,
  quarantined int not null,
  data_date text,
  digest bytea not null,
  etag text,
  last_modified text,
  location text not null,
  loaded_at timestamptz not null,
  loaded_by text not null,
  primary key (feed_id, part)
);
comment on table feed_part is 'A feed may be made of several files; each replaces only its own claims. The part of a feed with one file is the empty text.';

create table feed_load (
  feed_id text not null references feed,
  at timestamptz not null,
  part text not null,
  outcome text not null check (outcome in ('loaded', 'unchanged', 'failed', 'refused')),
  message text,
  location text not null,
  records int,
  quarantined int,
  added int,
  changed int,
  withdrawn int,
  loaded_by text not null,
  primary key (feed_id, at, part)
);
comment on table feed_load is 'Every attempt to load, for the auditor: what was known, and when.';

create table claim (
  id bigint generated always as identity primary key,
  feed_id text not null,
  part text not null,
  statement bytea not null,
  source text not null,
  vulnerability_id text not null,
  aliases text[] not null,
  release text not null,
  package_name text not null,
  state text not null check (state in ('fixed', 'open', 'deferred', 'wont-fix', 'not-affected', 'end-of-life', 'undetermined')),
  fixed_version text,
  severity text,
  stated_on date,
  note text,
  detail jsonb,
  known_since timestamptz not null,
  first_seen_at timestamptz not null,
  withdrawn_at timestamptz
);
create index claim_release on claim (release) where withdrawn_at is null;
create unique index claim_in_force on claim (feed_id, part, statement) where withdrawn_at is null;
comment on column claim.feed_id is 'A feed; no foreign key, because checking one costs as much as the row, half a million times a load, and only server/feeds writes here.';
comment on column claim.statement is 'First 16 bytes of SHA-256 over what is stated (all fields of core/advisories/claim.ts Claim but aliases, severity, statedOn, note): another state or version is another row, another severity word is an update.';
comment on column claim.detail is 'The optional fields of Claim (packageKind, advisoryId, unaffectedVersions, affected, module, subscription) under their own names; null when there is none.';
comment on column claim.known_since is 'When this feed first told us of this vulnerability in this package of this release, in whatever state.';
comment on column claim.first_seen_at is 'When it first told us exactly this.';
comment on column claim.withdrawn_at is 'Null while in force. Rows that a newer load no longer states are kept, so that past findings can be explained.';

create table changelog_claim (
  release text not null,
  package_name text not null,
  fixed_version text not null,
  vulnerability_id text not null,
  stated_on date,
  first_host_id text not null,
  first_seen_at timestamptz not null,
  primary key (release, package_name, fixed_version, vulnerability_id)
);
comment on table changelog_claim is 'A host''s package manager showed a changelog that names the vulnerability in the entry of this version: claims of source changelog, kept as stated by the host that said so first.';

create table enrichment (
  feed_id text not null,
  part text not null,
  vulnerability_id text not null,
  doc jsonb not null,
  first_seen_at timestamptz not null,
  primary key (vulnerability_id, feed_id, part)
);
comment on column enrichment.doc is 'The fields of core/advisories/claim.ts Enrichment that this feed speaks of; the fleet model merges them.';

create table lifecycle (
  feed_id text not null references feed,
  part text not null,
  product text not null,
  cycle text not null,
  doc jsonb not null,
  primary key (product, cycle, feed_id, part)
);
comment on column lifecycle.doc is 'core/advisories/lifecycle.ts Lifecycle: the end of each support tier, not a boolean.';

create table quarantine (
  feed_id text not null references feed,
  part text not null,
  position int not null,
  record text not null,
  reason text not null,
  primary key (feed_id, part, position)
);
comment on table quarantine is 'Records that could not be read, first 100 a part, with the reason: a bad record never stops a feed and is never dropped in silence.';
