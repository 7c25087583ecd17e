-- S1 has caps for the whole, for a site, a rollout and a ring: a site is the value that a host has of one label. null: no cap for sites.
alter table engine_lock add column site_label text not null default 'site';
alter table engine_lock add column site_concurrency_max integer check (site_concurrency_max > 0);
