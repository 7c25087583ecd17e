-- Feeds for sites without internet: what a bundle needs to know of each file, whose bundles are believed, and imports that are followed while they run.

alter table feed_part add column file_name text;
alter table feed_part add column bytes bigint;
alter table feed_part add column source_url text;
alter table feed_part add column confirmed_at timestamptz;
alter table feed_part add column bundle_key_id text;
comment on column feed_part.file_name is 'As the publisher names it: some formats say their release there. Null for parts loaded by a version that kept no copy.';
comment on column feed_part.source_url is 'The publisher''s URL as the bundle that brought it states it; null when location says it.';
comment on column feed_part.confirmed_at is 'When the publisher last said that this is its newest: the load, a later answer "not modified", or what the signed bundle states. Age of data without a date counts from here.';
comment on column feed_part.bundle_key_id is 'Key that signed the bundle that brought it; null when it came otherwise.';
update feed_part set confirmed_at = loaded_at;
alter table feed_part alter column confirmed_at set not null;

create table feed_signer (
  key_id text primary key,
  public_key text not null,
  name text not null,
  trusted_at timestamptz not null,
  trusted_by text not null,
  last_bundle_at timestamptz
);
comment on table feed_signer is 'Installations whose feed bundles are believed, pinned by a person.';
comment on column feed_signer.last_bundle_at is 'When the newest bundle taken in from there was made: an older one is refused.';

create table feed_import (
  id text primary key,
  location text not null,
  started_by text not null,
  started_at timestamptz not null,
  updated_at timestamptz not null,
  finished_at timestamptz,
  state text not null check (state in ('running', 'done', 'failed')),
  message text,
  progress jsonb not null
);
comment on table feed_import is 'Imports that somebody asked for, so that any replica can say how far one is. The last 100 are kept; what was loaded stands in feed_load.';
comment on column feed_import.progress is 'src/api/feeds.ts FeedImport, its files, feeds and skipped.';
