-- What `npm run demo` made says so for ever: nobody may take made-up hosts for their own.
alter table installation add column demonstration boolean not null default false;
