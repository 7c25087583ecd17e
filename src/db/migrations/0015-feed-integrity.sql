-- What vouches for each file of a feed: the publisher's signature or checksum, a bundle, HTTPS, or nobody.

-- core/advisories/feed-integrity.ts FeedIntegrity; null for what was loaded before it was checked
alter table feed_part add column integrity jsonb;
