-- One server at a time works on a host that is reached by SSH, and whoever takes over knows what was begun there.

-- by the database's clock; the fence rises with every taking, and nothing is written about a job under an old one
create table ssh_lease (
  host_id text primary key references host (id),
  holder text not null,
  fence bigint not null,
  leased_until timestamptz not null,
  -- the highest number of a host plan that was ever accepted: older ones are replays
  highest_sequence bigint not null default 0
);

-- the journal of jobs by SSH, as an agent keeps it on its own disk: written before anything is changed
create table ssh_job_journal (
  host_id text not null references host (id),
  plan_id text not null,
  sequence bigint not null,
  is_open boolean not null,
  entry jsonb not null,
  primary key (host_id, plan_id)
);
create index ssh_job_journal_open on ssh_job_journal (host_id) where is_open;
