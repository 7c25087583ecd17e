-- Where a package version came from: a third party's build of nginx is not the distribution's, and the distribution's statements are not about it.

-- core/inventory/package-origin.ts: '' the distribution's own, ? unknown, else the name of the third party
alter table package_version add column origin text not null default '';
alter table package_version drop constraint package_version_name_version_arch_source_name_source_versio_key;
alter table package_version add constraint package_version_key unique (name, version, arch, source_name, source_version, ecosystem, origin);

-- the same, for what only lives in the memory of a process
alter table residual_version add column origin text not null default '';
