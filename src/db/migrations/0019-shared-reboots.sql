-- One reboot for several rollouts: a job that has installed and waits with its reboot for the next rollout on the same host leaves the host to it.
alter table job add column shares_reboot boolean not null default false;
comment on column job.shares_reboot is 'It waits, or has waited, with its reboot for another rollout on the same host (src/core/rollouts/reboot-sharing.ts).';

-- S5: at most one active job per host, whatever the rollouts, beside those that have installed and share the reboot of the one at work
drop index job_active;
create unique index job_active on job (host_id) where state in ('offered', 'acknowledged', 'precheck', 'staging', 'staged', 'installing', 'reboot-pending', 'rebooting', 'verifying', 'lost', 'reconciling') and not shares_reboot;
