-- What the migrations make: for reading and review. Made by `npm run golden`, compared by a test.

create table api_token (
  id text not null,
  person_id text not null,
  name text not null,
  token_hash bytea not null,
  permissions text[] not null,
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  last_used_at timestamp with time zone,
  constraint api_token_pkey PRIMARY KEY (id),
  constraint api_token_token_hash_key UNIQUE (token_hash),
  constraint api_token_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id) ON DELETE CASCADE
);
CREATE INDEX api_token_person ON api_token USING btree (person_id);

create table audit_entry (
  sequence bigint not null,
  at timestamp with time zone not null,
  actor text not null,
  action text not null,
  subject text not null,
  detail jsonb not null,
  previous_hash bytea not null,
  hash bytea not null,
  constraint audit_entry_pkey PRIMARY KEY (sequence)
);
CREATE INDEX audit_entry_subject ON audit_entry USING btree (subject, sequence);

create table audit_head (
  single boolean default true not null,
  sequence bigint not null,
  hash bytea not null,
  constraint audit_head_pkey PRIMARY KEY (single),
  constraint audit_head_single_check CHECK (single)
);

create table availability_group (
  id text not null,
  name text not null,
  query text not null,
  min_available integer,
  member_soak_minutes integer not null,
  created_by text not null,
  created_at timestamp with time zone not null,
  max_unavailable integer,
  max_unavailable_percent integer,
  constraint availability_group_pkey PRIMARY KEY (id),
  constraint availability_group_name_key UNIQUE (name),
  constraint availability_group_max_unavailable_check CHECK ((max_unavailable > 0)),
  constraint availability_group_max_unavailable_percent_check CHECK (((max_unavailable_percent >= 1) AND (max_unavailable_percent <= 100))),
  constraint availability_group_member_soak_minutes_check CHECK ((member_soak_minutes >= 0)),
  constraint availability_group_min_available_check CHECK ((min_available > 0)),
  constraint availability_group_promise CHECK ((num_nonnulls(min_available, max_unavailable, max_unavailable_percent) = 1))
);

create table candidate (
  id integer generated always as identity not null,
  digest bytea not null,
  package_version_id integer not null,
  origins text[] not null,
  security boolean not null,
  size_bytes bigint,
  sha256 text,
  phased_percent real,
  availability text not null,
  constraint candidate_pkey PRIMARY KEY (id),
  constraint candidate_digest_key UNIQUE (digest),
  constraint candidate_package_version_id_fkey FOREIGN KEY (package_version_id) REFERENCES package_version(id),
  constraint candidate_availability_check CHECK ((availability = ANY (ARRAY['offered'::text, 'held'::text, 'kept-back'::text, 'phased'::text])))
);

create table change_cause (
  id integer generated always as identity not null,
  digest bytea not null,
  origin text not null,
  requested_by text,
  command_line text,
  constraint change_cause_pkey PRIMARY KEY (id),
  constraint change_cause_digest_key UNIQUE (digest),
  constraint change_cause_origin_check CHECK ((origin = ANY (ARRAY['log'::text, 'observed'::text, 'job'::text])))
);

create table change_request (
  id text not null,
  rollout_id text not null,
  plan_hash text not null,
  state text not null,
  state_since timestamp with time zone not null,
  requested_by text not null,
  requested_by_id text not null,
  decided_by text,
  decided_by_id text,
  decided_at timestamp with time zone,
  self_approved boolean default false not null,
  expires_at timestamp with time zone not null,
  reason text default ''::text not null,
  assessment jsonb default '{}'::jsonb not null,
  outcome text,
  constraint change_request_pkey PRIMARY KEY (id),
  constraint change_request_rollout_id_fkey FOREIGN KEY (rollout_id) REFERENCES rollout(id),
  constraint change_request_check CHECK (((decided_by_id IS NULL) OR (state <> ALL (ARRAY['approved'::text, 'scheduled'::text, 'implementing'::text, 'review'::text, 'closed'::text])) OR (decided_by_id <> requested_by_id) OR self_approved)),
  constraint change_request_outcome_check CHECK ((outcome = ANY (ARRAY['successful'::text, 'successful-with-issues'::text, 'unsuccessful'::text]))),
  constraint change_request_state_check CHECK ((state = ANY (ARRAY['draft'::text, 'submitted'::text, 'assessed'::text, 'awaiting-approval'::text, 'approved'::text, 'scheduled'::text, 'implementing'::text, 'review'::text, 'closed'::text, 'rejected'::text, 'cancelled'::text, 'expired'::text])))
);
CREATE INDEX change_request_rollout ON change_request USING btree (rollout_id);

create table changelog_claim (
  release text not null,
  package_name text not null,
  fixed_version text not null,
  vulnerability_id text not null,
  stated_on date,
  first_host_id text not null,
  first_seen_at timestamp with time zone not null,
  constraint changelog_claim_pkey PRIMARY KEY (release, package_name, fixed_version, vulnerability_id)
);

create table claim (
  id bigint generated always as identity not null,
  feed_id text not null,
  part text not null,
  statement bytea not null,
  source text not null,
  vulnerability_id text not null,
  aliases text[] not null,
  release text not null,
  package_name text not null,
  state text not null,
  fixed_version text,
  severity text,
  stated_on date,
  note text,
  detail jsonb,
  known_since timestamp with time zone not null,
  first_seen_at timestamp with time zone not null,
  withdrawn_at timestamp with time zone,
  constraint claim_pkey PRIMARY KEY (id),
  constraint claim_state_check CHECK ((state = ANY (ARRAY['fixed'::text, 'open'::text, 'deferred'::text, 'wont-fix'::text, 'not-affected'::text, 'end-of-life'::text, 'unknown'::text])))
);
CREATE UNIQUE INDEX claim_in_force ON claim USING btree (feed_id, part, statement) WHERE (withdrawn_at IS NULL);
CREATE INDEX claim_release ON claim USING btree (release) WHERE (withdrawn_at IS NULL);
CREATE INDEX claim_vulnerability ON claim USING btree (vulnerability_id);

create table engine_lock (
  single boolean default true not null,
  kill_switch boolean default false not null,
  kill_switch_by text,
  kill_switch_at timestamp with time zone,
  kill_switch_reason text,
  concurrency_max integer default 50 not null,
  prometheus_url text,
  site_label text default 'site'::text not null,
  site_concurrency_max integer,
  constraint engine_lock_pkey PRIMARY KEY (single),
  constraint engine_lock_concurrency_max_check CHECK ((concurrency_max > 0)),
  constraint engine_lock_single_check CHECK (single),
  constraint engine_lock_site_concurrency_max_check CHECK ((site_concurrency_max > 0))
);

create table enrichment (
  feed_id text not null,
  part text not null,
  vulnerability_id text not null,
  doc jsonb not null,
  first_seen_at timestamp with time zone not null,
  constraint enrichment_pkey PRIMARY KEY (vulnerability_id, feed_id, part)
);

create table enrolment (
  id text not null,
  token_hash bytea not null,
  labels jsonb default '{}'::jsonb not null,
  uses integer not null,
  used integer default 0 not null,
  created_by text not null,
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  host_id text,
  connected_at timestamp with time zone,
  received_at timestamp with time zone,
  constraint enrolment_pkey PRIMARY KEY (id),
  constraint enrolment_token_hash_key UNIQUE (token_hash),
  constraint enrolment_host_id_fkey FOREIGN KEY (host_id) REFERENCES host(id),
  constraint enrolment_check CHECK ((used <= uses))
);

create table exception (
  id text not null,
  title text not null,
  kind text not null,
  state text not null,
  state_since timestamp with time zone not null,
  state_reason text,
  reason text not null,
  justification text,
  controls text[] default '{}'::text[] not null,
  controls_checked_at timestamp with time zone,
  selection jsonb not null,
  host_ids text[] not null,
  findings jsonb not null,
  patch jsonb,
  scope_hash text not null,
  frozen_at timestamp with time zone,
  owner_id text not null,
  owner text not null,
  requested_by text not null,
  requested_by_id text not null,
  created_at timestamp with time zone not null,
  approvals jsonb default '[]'::jsonb not null,
  approved_by text,
  approved_by_id text,
  self_approved boolean default false not null,
  approved_at timestamp with time zone,
  baseline jsonb,
  starts_at timestamp with time zone not null,
  ends_at timestamp with time zone not null,
  life_class text not null,
  chain_id text not null,
  renews_id text,
  renewals integer default 0 not null,
  reminded_days integer,
  constraint exception_pkey PRIMARY KEY (id),
  constraint exception_renews_id_fkey FOREIGN KEY (renews_id) REFERENCES exception(id),
  constraint exception_check CHECK ((starts_at < ends_at)),
  constraint exception_check1 CHECK (((approved_by_id IS NULL) OR (approved_by_id <> requested_by_id) OR self_approved)),
  constraint exception_check2 CHECK (((state = ANY (ARRAY['approved'::text, 'active'::text, 'expiring'::text])) <= ((approved_by_id IS NOT NULL) AND (baseline IS NOT NULL) AND (frozen_at IS NOT NULL)))),
  constraint exception_check3 CHECK (((kind = 'operational'::text) <= (patch IS NOT NULL))),
  constraint exception_check4 CHECK (((kind = 'not-affected'::text) = (justification IS NOT NULL))),
  constraint exception_kind_check CHECK ((kind = ANY (ARRAY['risk-accepted'::text, 'deferred'::text, 'mitigated'::text, 'false-positive'::text, 'not-affected'::text, 'no-fix-available'::text, 'unsupported-eol'::text, 'operational'::text]))),
  constraint exception_state_check CHECK ((state = ANY (ARRAY['draft'::text, 'requested'::text, 'under-review'::text, 'approved'::text, 'active'::text, 'expiring'::text, 'expired'::text, 'renewed'::text, 'revoked'::text, 'resolved'::text, 'rejected'::text, 'withdrawn'::text])))
);
CREATE INDEX exception_created ON exception USING btree (created_at DESC, id);
CREATE INDEX exception_open ON exception USING btree (state) WHERE (state <> ALL (ARRAY['expired'::text, 'renewed'::text, 'revoked'::text, 'resolved'::text, 'rejected'::text, 'withdrawn'::text]));
CREATE UNIQUE INDEX exception_renewal ON exception USING btree (renews_id) WHERE (state = ANY (ARRAY['draft'::text, 'requested'::text, 'under-review'::text, 'approved'::text]));

create table exception_event (
  exception_id text not null,
  sequence integer not null,
  at timestamp with time zone not null,
  actor text not null,
  event text not null,
  from_state text not null,
  to_state text not null,
  reason text,
  detail jsonb default '{}'::jsonb not null,
  constraint exception_event_pkey PRIMARY KEY (exception_id, sequence),
  constraint exception_event_exception_id_fkey FOREIGN KEY (exception_id) REFERENCES exception(id)
);

create table exception_lock (
  single boolean default true not null,
  revision bigint default 0 not null,
  constraint exception_lock_pkey PRIMARY KEY (single),
  constraint exception_lock_single_check CHECK (single)
);

create table feed (
  id text not null,
  kind text not null,
  url text,
  url_by_person boolean default false not null,
  enabled boolean default true not null,
  state text default 'never-loaded'::text not null,
  message text,
  records integer default 0 not null,
  quarantined integer default 0 not null,
  data_date text,
  loaded_at timestamp with time zone,
  checked_at timestamp with time zone,
  next_sync_at timestamp with time zone,
  leased_until timestamp with time zone,
  fence integer default 0 not null,
  constraint feed_pkey PRIMARY KEY (id),
  constraint feed_state_check CHECK ((state = ANY (ARRAY['never-loaded'::text, 'current'::text, 'failed'::text, 'refused'::text])))
);

create table feed_import (
  id text not null,
  location text not null,
  started_by text not null,
  started_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  finished_at timestamp with time zone,
  state text not null,
  message text,
  progress jsonb not null,
  constraint feed_import_pkey PRIMARY KEY (id),
  constraint feed_import_state_check CHECK ((state = ANY (ARRAY['running'::text, 'done'::text, 'failed'::text])))
);

create table feed_load (
  feed_id text not null,
  at timestamp with time zone not null,
  part text not null,
  outcome text not null,
  message text,
  location text not null,
  records integer,
  quarantined integer,
  added integer,
  changed integer,
  withdrawn integer,
  loaded_by text not null,
  constraint feed_load_pkey PRIMARY KEY (feed_id, at, part),
  constraint feed_load_feed_id_fkey FOREIGN KEY (feed_id) REFERENCES feed(id),
  constraint feed_load_outcome_check CHECK ((outcome = ANY (ARRAY['loaded'::text, 'unchanged'::text, 'failed'::text, 'refused'::text])))
);

create table feed_part (
  feed_id text not null,
  part text not null,
  records integer not null,
  quarantined integer not null,
  data_date text,
  digest bytea not null,
  etag text,
  last_modified text,
  location text not null,
  loaded_at timestamp with time zone not null,
  loaded_by text not null,
  file_name text,
  bytes bigint,
  source_url text,
  confirmed_at timestamp with time zone not null,
  bundle_key_id text,
  integrity jsonb,
  reader integer default 0 not null,
  constraint feed_part_pkey PRIMARY KEY (feed_id, part),
  constraint feed_part_feed_id_fkey FOREIGN KEY (feed_id) REFERENCES feed(id)
);

create table feed_signer (
  key_id text not null,
  public_key text not null,
  name text not null,
  trusted_at timestamp with time zone not null,
  trusted_by text not null,
  last_bundle_at timestamp with time zone,
  constraint feed_signer_pkey PRIMARY KEY (key_id)
);

create table freeze_window (
  id text not null,
  name text not null,
  kind text not null,
  starts_at timestamp with time zone not null,
  ends_at timestamp with time zone not null,
  query text,
  owner text not null,
  reason text not null,
  created_by text not null,
  created_at timestamp with time zone not null,
  ended_by text,
  ended_at timestamp with time zone,
  constraint freeze_window_pkey PRIMARY KEY (id),
  constraint freeze_window_check CHECK ((starts_at < ends_at)),
  constraint freeze_window_kind_check CHECK ((kind = ANY (ARRAY['hard'::text, 'soft'::text, 'reboot-only'::text])))
);
CREATE INDEX freeze_window_ends ON freeze_window USING btree (ends_at) WHERE (ended_at IS NULL);

create table gate_evaluation (
  id bigint generated always as identity not null,
  rollout_id text not null,
  ring_id text not null,
  at timestamp with time zone not null,
  verdict text not null,
  inputs jsonb not null,
  thresholds jsonb not null,
  statement text not null,
  reasons jsonb not null,
  decided_by text not null,
  override_reason text,
  metrics jsonb default '[]'::jsonb not null,
  constraint gate_evaluation_pkey PRIMARY KEY (id),
  constraint gate_evaluation_ring_id_fkey FOREIGN KEY (ring_id) REFERENCES ring(id),
  constraint gate_evaluation_rollout_id_fkey FOREIGN KEY (rollout_id) REFERENCES rollout(id),
  constraint gate_evaluation_verdict_check CHECK ((verdict = ANY (ARRAY['pass'::text, 'fail'::text, 'inconclusive'::text])))
);
CREATE INDEX gate_evaluation_ring ON gate_evaluation USING btree (ring_id, id);

create table host (
  id text not null,
  name text not null,
  address text,
  reach text not null,
  machine_id text,
  platform text default ''::text not null,
  release text default ''::text not null,
  os_name text default ''::text not null,
  labels jsonb default '{}'::jsonb not null,
  criticality text default 'unset'::text not null,
  exposure text default 'unknown'::text not null,
  enrolled_at timestamp with time zone not null,
  removed_at timestamp with time zone,
  agent_public_key text,
  agent_secret_hash bytea,
  agent_version text,
  constraint host_pkey PRIMARY KEY (id),
  constraint host_criticality_check CHECK ((criticality = ANY (ARRAY['vital'::text, 'high'::text, 'normal'::text, 'low'::text, 'unset'::text]))),
  constraint host_exposure_check CHECK ((exposure = ANY (ARRAY['public'::text, 'controlled'::text, 'local'::text, 'unknown'::text]))),
  constraint host_reach_check CHECK ((reach = ANY (ARRAY['local'::text, 'agent'::text, 'ssh'::text, 'upload'::text])))
);
CREATE INDEX host_name ON host USING btree (name);

create table host_fact (
  host_id text not null,
  observed_at timestamp with time zone not null,
  doc bytea not null,
  constraint host_fact_pkey PRIMARY KEY (host_id),
  constraint host_fact_host_id_fkey FOREIGN KEY (host_id) REFERENCES host(id)
);

create table host_group (
  id text not null,
  name text not null,
  query text not null,
  description text not null,
  created_by text not null,
  created_at timestamp with time zone not null,
  constraint host_group_pkey PRIMARY KEY (id),
  constraint host_group_name_key UNIQUE (name)
);

create table host_inventory (
  host_id text not null,
  revision integer not null,
  observed_at timestamp with time zone not null,
  facts_digest bytea not null,
  packages_digest bytea not null,
  candidates_digest bytea not null,
  package_count integer not null,
  packages bytea not null,
  config_files bytea not null,
  held integer[] default '{}'::integer[] not null,
  states jsonb default '{}'::jsonb not null,
  candidates bytea,
  since bytea default '\x'::bytea not null,
  finding_facts jsonb not null,
  constraint host_inventory_pkey PRIMARY KEY (host_id),
  constraint host_inventory_host_id_fkey FOREIGN KEY (host_id) REFERENCES host(id)
);

create table host_lock (
  host_id text not null,
  plan_sequence bigint default 0 not null,
  constraint host_lock_pkey PRIMARY KEY (host_id)
);

create table host_seen (
  host_id text not null,
  last_seen_at timestamp with time zone,
  inventory_at timestamp with time zone,
  problem text,
  constraint host_seen_pkey PRIMARY KEY (host_id),
  constraint host_seen_host_id_fkey FOREIGN KEY (host_id) REFERENCES host(id)
);

create table installation (
  single boolean default true not null,
  id text not null,
  name text not null,
  created_at timestamp with time zone not null,
  demonstration boolean default false not null,
  constraint installation_pkey PRIMARY KEY (single),
  constraint installation_single_check CHECK (single)
);

create table invitation (
  id text not null,
  login text not null,
  roles text[] not null,
  token_hash bytea not null,
  invited_by text not null,
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  accepted_at timestamp with time zone,
  constraint invitation_pkey PRIMARY KEY (id),
  constraint invitation_token_hash_key UNIQUE (token_hash),
  constraint invitation_invited_by_fkey FOREIGN KEY (invited_by) REFERENCES person(id)
);

create table job (
  id text not null,
  rollout_id text not null,
  ring_id text not null,
  ring_index integer not null,
  "position" integer not null,
  host_id text not null,
  host_name text not null,
  state text not null,
  state_since timestamp with time zone not null,
  phase text,
  attempt integer default 0 not null,
  attempts_left integer not null,
  waiting_on text,
  parked boolean default false not null,
  not_before timestamp with time zone,
  retry_since timestamp with time zone,
  estimated_minutes integer not null,
  last_heard_at timestamp with time zone,
  cancel_requested boolean default false not null,
  failure_class text,
  failure text,
  failure_signature text,
  infrastructure boolean default false not null,
  touched boolean default false not null,
  failure_accepted_by text,
  transaction jsonb not null,
  result jsonb,
  healed jsonb default '[]'::jsonb not null,
  closed_vulnerabilities text[] default '{}'::text[] not null,
  started_at timestamp with time zone,
  finished_at timestamp with time zone,
  forensic text[] default '{}'::text[] not null,
  forensic_cleared_by text,
  shares_reboot boolean default false not null,
  constraint job_pkey PRIMARY KEY (id),
  constraint job_rollout_id_host_id_key UNIQUE (rollout_id, host_id),
  constraint job_ring_id_fkey FOREIGN KEY (ring_id) REFERENCES ring(id),
  constraint job_rollout_id_fkey FOREIGN KEY (rollout_id) REFERENCES rollout(id),
  constraint job_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'offered'::text, 'acknowledged'::text, 'precheck'::text, 'staging'::text, 'staged'::text, 'installing'::text, 'reboot-pending'::text, 'rebooting'::text, 'verifying'::text, 'lost'::text, 'reconciling'::text, 'succeeded'::text, 'already-compliant'::text, 'failed'::text, 'verify-failed'::text, 'timed-out'::text, 'not-applicable'::text, 'excluded'::text, 'unreachable'::text, 'superseded'::text, 'cancelled'::text])))
);
CREATE UNIQUE INDEX job_active ON job USING btree (host_id) WHERE ((state = ANY (ARRAY['offered'::text, 'acknowledged'::text, 'precheck'::text, 'staging'::text, 'staged'::text, 'installing'::text, 'reboot-pending'::text, 'rebooting'::text, 'verifying'::text, 'lost'::text, 'reconciling'::text])) AND (NOT shares_reboot));
CREATE INDEX job_host ON job USING btree (host_id);
CREATE INDEX job_ring ON job USING btree (ring_id, state);

create table job_attempt (
  job_id text not null,
  attempt integer not null,
  plan_id text not null,
  host_sequence bigint not null,
  envelope jsonb not null,
  offered_at timestamp with time zone not null,
  not_after timestamp with time zone not null,
  acknowledged_at timestamp with time zone,
  result jsonb,
  result_at timestamp with time zone,
  constraint job_attempt_pkey PRIMARY KEY (job_id, attempt),
  constraint job_attempt_plan_id_key UNIQUE (plan_id),
  constraint job_attempt_job_id_fkey FOREIGN KEY (job_id) REFERENCES job(id)
);

create table job_event (
  job_id text not null,
  attempt integer not null,
  sequence integer not null,
  at timestamp with time zone not null,
  phase text not null,
  kind text not null,
  text text not null,
  constraint job_event_pkey PRIMARY KEY (job_id, attempt, sequence),
  constraint job_event_job_id_fkey FOREIGN KEY (job_id) REFERENCES job(id)
);

create table job_late_result (
  id bigint generated always as identity not null,
  job_id text not null,
  attempt integer not null,
  received_at timestamp with time zone not null,
  reason text not null,
  result jsonb not null,
  constraint job_late_result_pkey PRIMARY KEY (id),
  constraint job_late_result_job_id_fkey FOREIGN KEY (job_id) REFERENCES job(id)
);
CREATE INDEX job_late_result_job ON job_late_result USING btree (job_id);

create table lifecycle (
  feed_id text not null,
  part text not null,
  product text not null,
  cycle text not null,
  doc jsonb not null,
  constraint lifecycle_pkey PRIMARY KEY (product, cycle, feed_id, part),
  constraint lifecycle_feed_id_fkey FOREIGN KEY (feed_id) REFERENCES feed(id)
);

create table one_time_link (
  token_hash bytea not null,
  purpose text not null,
  person_id text,
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  used_at timestamp with time zone,
  constraint one_time_link_pkey PRIMARY KEY (token_hash),
  constraint one_time_link_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id) ON DELETE CASCADE,
  constraint one_time_link_check CHECK (((purpose = 'setup'::text) = (person_id IS NULL))),
  constraint one_time_link_purpose_check CHECK ((purpose = ANY (ARRAY['setup'::text, 'sign-in'::text])))
);

create table package_history (
  host_id text not null,
  year smallint not null,
  changes bytea not null,
  constraint package_history_pkey PRIMARY KEY (host_id, year),
  constraint package_history_host_id_fkey FOREIGN KEY (host_id) REFERENCES host(id)
);

create table package_transition (
  id integer generated always as identity not null,
  ecosystem text not null,
  action text not null,
  name text not null,
  arch text not null,
  from_version text not null,
  to_version text not null,
  constraint package_transition_pkey PRIMARY KEY (id),
  constraint package_transition_name_from_version_to_version_arch_action_key UNIQUE (name, from_version, to_version, arch, action, ecosystem),
  constraint package_transition_action_check CHECK ((action = ANY (ARRAY['install'::text, 'upgrade'::text, 'downgrade'::text, 'remove'::text, 'purge'::text])))
);

create table package_version (
  id integer generated always as identity not null,
  ecosystem text not null,
  name text not null,
  arch text not null,
  version text not null,
  source_name text not null,
  source_version text not null,
  origin text default ''::text not null,
  constraint package_version_pkey PRIMARY KEY (id),
  constraint package_version_key UNIQUE (name, version, arch, source_name, source_version, ecosystem, origin)
);

create table patch_seen (
  patch_id text not null,
  first_seen_at timestamp with time zone not null,
  platform text,
  source_name text,
  constraint patch_seen_pkey PRIMARY KEY (patch_id)
);

create table permit (
  id text not null,
  job_id text not null,
  attempt integer not null,
  host_id text not null,
  phase text not null,
  issued_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  voided_at timestamp with time zone,
  envelope jsonb not null,
  decided_on jsonb not null,
  constraint permit_pkey PRIMARY KEY (id),
  constraint permit_job_id_fkey FOREIGN KEY (job_id) REFERENCES job(id),
  constraint permit_phase_check CHECK ((phase = ANY (ARRAY['apply'::text, 'reboot'::text])))
);
CREATE UNIQUE INDEX permit_live ON permit USING btree (job_id, attempt, phase) WHERE (voided_at IS NULL);

create table person (
  id text not null,
  login text not null,
  name text not null,
  password_hash text,
  roles text[] not null,
  disabled boolean default false not null,
  created_at timestamp with time zone not null,
  last_sign_in_at timestamp with time zone,
  constraint person_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX person_login ON person USING btree (lower(login));

create table policy (
  id text not null,
  name text not null,
  spec jsonb not null,
  enabled boolean not null,
  enabled_at timestamp with time zone,
  author_ids text[] not null,
  created_by text not null,
  created_at timestamp with time zone not null,
  updated_by text not null,
  updated_at timestamp with time zone not null,
  removed_at timestamp with time zone,
  constraint policy_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX policy_name ON policy USING btree (lower(name)) WHERE (removed_at IS NULL);

create table policy_emergency (
  policy_id text not null,
  patch_id text not null,
  rollout_id text not null,
  taken_at timestamp with time zone not null,
  constraint policy_emergency_pkey PRIMARY KEY (policy_id, patch_id),
  constraint policy_emergency_policy_id_fkey FOREIGN KEY (policy_id) REFERENCES policy(id),
  constraint policy_emergency_rollout_id_fkey FOREIGN KEY (rollout_id) REFERENCES rollout(id)
);

create table policy_occurrence (
  policy_id text not null,
  lane text not null,
  starts_at timestamp with time zone not null,
  ends_at timestamp with time zone not null,
  decided_at timestamp with time zone not null,
  rollout_id text,
  skip_reason text,
  detail text default ''::text not null,
  constraint policy_occurrence_pkey PRIMARY KEY (policy_id, lane, starts_at),
  constraint policy_occurrence_policy_id_fkey FOREIGN KEY (policy_id) REFERENCES policy(id),
  constraint policy_occurrence_rollout_id_fkey FOREIGN KEY (rollout_id) REFERENCES rollout(id),
  constraint policy_occurrence_check CHECK (((rollout_id IS NULL) = (skip_reason IS NOT NULL)))
);

create table quarantine (
  feed_id text not null,
  part text not null,
  "position" integer not null,
  record text not null,
  reason text not null,
  constraint quarantine_pkey PRIMARY KEY (feed_id, part, "position"),
  constraint quarantine_feed_id_fkey FOREIGN KEY (feed_id) REFERENCES feed(id)
);

create table reconciler_lease (
  name text not null,
  holder text not null,
  fence bigint not null,
  leased_until timestamp with time zone not null,
  constraint reconciler_lease_pkey PRIMARY KEY (name)
);

create table rehearsal (
  id text not null,
  rollout_id text not null,
  plan_hash text not null,
  host_id text not null,
  host_name text not null,
  canary boolean not null,
  envelope jsonb not null,
  asked_by text not null,
  asked_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  answered_at timestamp with time zone,
  verdict text,
  report jsonb,
  accepted_by text,
  constraint rehearsal_pkey PRIMARY KEY (id),
  constraint rehearsal_rollout_id_fkey FOREIGN KEY (rollout_id) REFERENCES rollout(id),
  constraint rehearsal_check CHECK (((answered_at IS NULL) = (verdict IS NULL))),
  constraint rehearsal_verdict_check CHECK ((verdict = ANY (ARRAY['passed'::text, 'failed'::text, 'not-possible'::text])))
);
CREATE INDEX rehearsal_open ON rehearsal USING btree (host_id) WHERE (answered_at IS NULL);
CREATE INDEX rehearsal_rollout ON rehearsal USING btree (rollout_id, plan_hash, asked_at);

create table residual_version (
  host_id text not null,
  package_name text not null,
  source_name text not null,
  source_version text not null,
  until text not null,
  since_at timestamp with time zone not null,
  replaced_at timestamp with time zone not null,
  origin text default ''::text not null,
  constraint residual_version_pkey PRIMARY KEY (host_id, package_name, source_name, source_version),
  constraint residual_version_host_id_fkey FOREIGN KEY (host_id) REFERENCES host(id),
  constraint residual_version_until_check CHECK ((until = ANY (ARRAY['restart'::text, 'reboot'::text])))
);

create table retraction (
  id text not null,
  source_name text not null,
  source_version text not null,
  reason text not null,
  created_by text not null,
  created_at timestamp with time zone not null,
  lifted_by text,
  lifted_at timestamp with time zone,
  lifted_reason text,
  constraint retraction_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX retraction_in_force ON retraction USING btree (source_name, source_version) WHERE (lifted_at IS NULL);

create table ring (
  id text not null,
  rollout_id text not null,
  ring_index integer not null,
  name text not null,
  state text not null,
  state_since timestamp with time zone not null,
  state_reason text,
  hosts integer not null,
  soak_minutes integer not null,
  concurrency integer not null,
  gate jsonb not null,
  soak_ends_at timestamp with time zone,
  last_success_at timestamp with time zone,
  catch_up boolean default false not null,
  deadline_minutes integer,
  overridden_by text,
  constraint ring_pkey PRIMARY KEY (id),
  constraint ring_rollout_id_ring_index_key UNIQUE (rollout_id, ring_index),
  constraint ring_rollout_id_fkey FOREIGN KEY (rollout_id) REFERENCES rollout(id),
  constraint ring_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'eligible'::text, 'running'::text, 'soaking'::text, 'evaluating'::text, 'gate-pending'::text, 'failed'::text, 'passed'::text, 'skipped'::text, 'cancelled'::text])))
);

create table ring_health (
  ring_id text not null,
  at timestamp with time zone not null,
  readings jsonb not null,
  constraint ring_health_pkey PRIMARY KEY (ring_id, at),
  constraint ring_health_ring_id_fkey FOREIGN KEY (ring_id) REFERENCES ring(id) ON DELETE CASCADE
);

create table rollout (
  id text not null,
  name text not null,
  kind text not null,
  reverts_id text,
  state text not null,
  state_since timestamp with time zone not null,
  state_reason text,
  spec jsonb not null,
  revision integer default 1 not null,
  requested_by text not null,
  requested_by_id text not null,
  author_ids text[] not null,
  approved_by text,
  self_approved boolean default false not null,
  plan_hash text,
  change_request_id text,
  window_starts_at timestamp with time zone,
  window_ends_at timestamp with time zone,
  halt_outcome text,
  pause_reasons jsonb default '[]'::jsonb not null,
  closes_vulnerabilities integer default 0 not null,
  hosts integer default 0 not null,
  created_at timestamp with time zone not null,
  started_at timestamp with time zone,
  finished_at timestamp with time zone,
  policy_id text,
  constraint rollout_pkey PRIMARY KEY (id),
  constraint rollout_policy_id_fkey FOREIGN KEY (policy_id) REFERENCES policy(id),
  constraint rollout_reverts_id_fkey FOREIGN KEY (reverts_id) REFERENCES rollout(id),
  constraint rollout_check CHECK (((state = ANY (ARRAY['running'::text, 'paused'::text, 'halting'::text, 'completed'::text, 'completed-partial'::text, 'halted'::text])) <= ((plan_hash IS NOT NULL) AND (started_at IS NOT NULL)))),
  constraint rollout_check1 CHECK (((state = 'halting'::text) <= (halt_outcome IS NOT NULL))),
  constraint rollout_halt_outcome_check CHECK ((halt_outcome = ANY (ARRAY['halted'::text, 'expired'::text, 'superseded'::text]))),
  constraint rollout_kind_check CHECK ((kind = ANY (ARRAY['patch'::text, 'rollback'::text]))),
  constraint rollout_state_check CHECK ((state = ANY (ARRAY['draft'::text, 'rehearsing'::text, 'planned'::text, 'awaiting-approval'::text, 'scheduled'::text, 'running'::text, 'paused'::text, 'halting'::text, 'halted'::text, 'completed'::text, 'completed-partial'::text, 'rejected'::text, 'expired'::text, 'superseded'::text, 'cancelled'::text])))
);
CREATE INDEX rollout_created ON rollout USING btree (created_at DESC, id);
CREATE INDEX rollout_open ON rollout USING btree (state) WHERE (state <> ALL (ARRAY['halted'::text, 'completed'::text, 'completed-partial'::text, 'rejected'::text, 'expired'::text, 'superseded'::text, 'cancelled'::text]));
CREATE INDEX rollout_policy ON rollout USING btree (policy_id) WHERE (policy_id IS NOT NULL);

create table rollout_event (
  rollout_id text not null,
  sequence bigint not null,
  at timestamp with time zone not null,
  kind text not null,
  ring_index integer,
  job_id text,
  host_name text,
  text text not null,
  constraint rollout_event_pkey PRIMARY KEY (rollout_id, sequence),
  constraint rollout_event_rollout_id_fkey FOREIGN KEY (rollout_id) REFERENCES rollout(id),
  constraint rollout_event_kind_check CHECK ((kind = ANY (ARRAY['rollout'::text, 'ring'::text, 'job'::text, 'output'::text, 'gate'::text, 'permit'::text])))
);

create table rollout_log (
  rollout_id text not null,
  last_sequence bigint default 0 not null,
  constraint rollout_log_pkey PRIMARY KEY (rollout_id),
  constraint rollout_log_rollout_id_fkey FOREIGN KEY (rollout_id) REFERENCES rollout(id)
);

create table rollout_plan (
  rollout_id text not null,
  plan_hash text not null,
  revision integer not null,
  plan text not null,
  report jsonb not null,
  prepared_at timestamp with time zone not null,
  constraint rollout_plan_pkey PRIMARY KEY (rollout_id, plan_hash),
  constraint rollout_plan_rollout_id_fkey FOREIGN KEY (rollout_id) REFERENCES rollout(id)
);

create table safeguard_hold (
  id text not null,
  name text not null,
  query text,
  source_name text,
  reason text not null,
  owner text not null,
  created_by text not null,
  created_at timestamp with time zone not null,
  ends_at timestamp with time zone not null,
  lifted_by text,
  lifted_at timestamp with time zone,
  constraint safeguard_hold_pkey PRIMARY KEY (id),
  constraint safeguard_hold_check CHECK ((created_at < ends_at))
);
CREATE INDEX safeguard_hold_ends ON safeguard_hold USING btree (ends_at) WHERE (lifted_at IS NULL);

create table session (
  token_hash bytea not null,
  id text not null,
  person_id text not null,
  created_at timestamp with time zone not null,
  last_used_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  begun_by text not null,
  remote_address text not null,
  constraint session_pkey PRIMARY KEY (token_hash),
  constraint session_id_key UNIQUE (id),
  constraint session_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id) ON DELETE CASCADE,
  constraint session_begun_by_check CHECK ((begun_by = ANY (ARRAY['setup'::text, 'link'::text, 'password'::text, 'invitation'::text])))
);
CREATE INDEX session_expires ON session USING btree (expires_at);
CREATE INDEX session_person ON session USING btree (person_id);

create table setting (
  key text not null,
  value jsonb not null,
  updated_at timestamp with time zone not null,
  updated_by text not null,
  constraint setting_pkey PRIMARY KEY (key)
);

create table simulation (
  id text not null,
  rollout_id text not null,
  revision integer not null,
  host_id text not null,
  request jsonb,
  host jsonb not null,
  asked_at timestamp with time zone not null,
  answer jsonb,
  answered_at timestamp with time zone,
  constraint simulation_pkey PRIMARY KEY (id),
  constraint simulation_rollout_id_revision_host_id_key UNIQUE (rollout_id, revision, host_id),
  constraint simulation_rollout_id_fkey FOREIGN KEY (rollout_id) REFERENCES rollout(id)
);
CREATE INDEX simulation_open ON simulation USING btree (host_id) WHERE ((answer IS NULL) AND (request IS NOT NULL));

create table ssh_credential (
  id text not null,
  kind text not null,
  secret bytea not null,
  created_by text not null,
  created_at timestamp with time zone not null,
  sudo_secret bytea,
  constraint ssh_credential_pkey PRIMARY KEY (id),
  constraint ssh_credential_kind_check CHECK ((kind = ANY (ARRAY['key'::text, 'password'::text])))
);

create table ssh_job_journal (
  host_id text not null,
  plan_id text not null,
  sequence bigint not null,
  is_open boolean not null,
  entry jsonb not null,
  constraint ssh_job_journal_pkey PRIMARY KEY (host_id, plan_id),
  constraint ssh_job_journal_host_id_fkey FOREIGN KEY (host_id) REFERENCES host(id)
);
CREATE INDEX ssh_job_journal_open ON ssh_job_journal USING btree (host_id) WHERE is_open;

create table ssh_lease (
  host_id text not null,
  holder text not null,
  fence bigint not null,
  leased_until timestamp with time zone not null,
  highest_sequence bigint default 0 not null,
  constraint ssh_lease_pkey PRIMARY KEY (host_id),
  constraint ssh_lease_host_id_fkey FOREIGN KEY (host_id) REFERENCES host(id)
);

create table ssh_target (
  id text not null,
  address text not null,
  port integer not null,
  user_name text not null,
  sudo text not null,
  credential_id text not null,
  labels jsonb default '{}'::jsonb not null,
  accept_key boolean not null,
  state text not null,
  host_key text,
  fingerprint text,
  message text,
  host_id text,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  constraint ssh_target_pkey PRIMARY KEY (id),
  constraint ssh_target_credential_id_fkey FOREIGN KEY (credential_id) REFERENCES ssh_credential(id),
  constraint ssh_target_host_id_fkey FOREIGN KEY (host_id) REFERENCES host(id),
  constraint ssh_target_state_check CHECK ((state = ANY (ARRAY['scanning-key'::text, 'awaiting-key-confirmation'::text, 'connecting'::text, 'received'::text, 'failed'::text]))),
  constraint ssh_target_sudo_check CHECK ((sudo = ANY (ARRAY['none'::text, 'passwordless'::text, 'password'::text])))
);
CREATE INDEX ssh_target_host ON ssh_target USING btree (host_id);
