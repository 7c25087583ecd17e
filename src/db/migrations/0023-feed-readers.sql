-- A reader that learns to read more of a format would never see the files again that it has read: publishers answer that they have not changed.
alter table feed_part add column reader integer not null default 0;
comment on column feed_part.reader is 'READERS_REVISION of the Fettle that read it. Parts that an earlier one read are fetched and read again.';
