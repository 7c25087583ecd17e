-- People, their ways in, settings, and the audit trail. Secrets are stored only as SHA-256 of 256 random bits, passwords as argon2id.

create table installation (
  single boolean primary key default true check (single),
  id text not null,
  name text not null,
  created_at timestamptz not null
);

create table setting (
  key text primary key,
  value jsonb not null,
  updated_at timestamptz not null,
  updated_by text not null
);

create table person (
  id text primary key,
  login text not null,
  name text not null,
  -- null: signs in by one-time link only
  password_hash text,
  roles text[] not null,
  disabled boolean not null default false,
  created_at timestamptz not null,
  last_sign_in_at timestamptz
);
create unique index person_login on person (lower(login));

create table session (
  token_hash bytea primary key,
  id text not null unique,
  person_id text not null references person (id) on delete cascade,
  created_at timestamptz not null,
  last_used_at timestamptz not null,
  -- absolute end, whatever the use
  expires_at timestamptz not null,
  -- a session that a one-time link began may set a new password without the old one
  begun_by text not null check (begun_by in ('setup', 'link', 'password', 'invitation')),
  remote_address text not null
);
create index session_person on session (person_id);
create index session_expires on session (expires_at);

create table api_token (
  id text primary key,
  person_id text not null references person (id) on delete cascade,
  name text not null,
  token_hash bytea not null unique,
  -- what the maker could do when it was made; the rights in force are these and the maker's present ones
  permissions text[] not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  last_used_at timestamptz
);
create index api_token_person on api_token (person_id);

create table invitation (
  id text primary key,
  login text not null,
  roles text[] not null,
  token_hash bytea not null unique,
  invited_by text not null references person (id),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  accepted_at timestamptz
);

create table one_time_link (
  token_hash bytea primary key,
  purpose text not null check (purpose in ('setup', 'sign-in')),
  -- null for setup: there is nobody yet
  person_id text references person (id) on delete cascade,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  check ((purpose = 'setup') = (person_id is null))
);

-- hash = SHA-256(0x00 || previous_hash || canonical JSON of the entry); entries are never changed or removed
create table audit_entry (
  sequence bigint primary key,
  at timestamptz not null,
  actor text not null,
  action text not null,
  subject text not null,
  detail jsonb not null,
  previous_hash bytea not null,
  hash bytea not null
);
create index audit_entry_subject on audit_entry (subject, sequence);

-- one row: whoever appends holds it, so that the chain has no fork
create table audit_head (
  single boolean primary key default true check (single),
  sequence bigint not null,
  hash bytea not null
);
insert into audit_head (sequence, hash) values (0, '\x0000000000000000000000000000000000000000000000000000000000000000');
