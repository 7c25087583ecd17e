-- The word of the interface for a state that nobody has determined is `unknown`; claims said `undetermined`, which is Debian's word.
alter table claim drop constraint claim_state_check;
update claim set state = 'unknown' where state = 'undetermined';
alter table claim add constraint claim_state_check
  check (state in ('fixed', 'open', 'deferred', 'wont-fix', 'not-affected', 'end-of-life', 'unknown'));
