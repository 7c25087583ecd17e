-- A sudo password of its own, where the sign-in is by key or by another password.

alter table ssh_credential add column sudo_secret bytea;
comment on column ssh_credential.sudo_secret is 'As secret, with the additional data ssh_credential.sudo|ID; null: the sign-in password, or none is needed.';
