-- Rows of some 2 kB that are replaced whole: with PostgreSQL's default of a fifth of the table, a fifth of the disk is dead rows (0.5 MB per 1,000 hosts).
alter table host_inventory set (autovacuum_vacuum_scale_factor = 0.05);
alter table host_fact set (autovacuum_vacuum_scale_factor = 0.05);
alter table package_history set (autovacuum_vacuum_scale_factor = 0.05);
