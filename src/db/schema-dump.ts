import type { Queryable } from './db.ts';

interface TableRow {
  readonly name: string;
  readonly columns: readonly string[];
  readonly constraints: readonly string[] | null;
  readonly indexes: readonly string[] | null;
  readonly partition_of: string | null;
  readonly partition_key: string | null;
}

/** Columns in their order; constraints by kind and name; indexes that no constraint made. The tables of the migrator itself are left out. */
const TABLES = `
select c.relname as name,
  (select array_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
      || case when a.attidentity <> '' then ' generated ' || case a.attidentity when 'a' then 'always' else 'by default' end || ' as identity'
              when a.attgenerated <> '' then ' generated always as (' || pg_get_expr(d.adbin, d.adrelid) || ') stored'
              when d.adbin is not null then ' default ' || pg_get_expr(d.adbin, d.adrelid) else '' end
      || case when a.attnotnull then ' not null' else '' end order by a.attnum)
    from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
  (select array_agg('constraint ' || quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid) order by position(k.contype in 'pufcx'), k.conname)
    from pg_constraint k where k.conrelid = c.oid and k.contype <> 'n') as constraints,
  (select array_agg(pg_get_indexdef(i.indexrelid) order by i.indexrelid::regclass::text)
    from pg_index i where i.indrelid = c.oid and not exists (select from pg_constraint k where k.conindid = i.indexrelid)) as indexes,
  (select h.inhparent::regclass::text || ' ' || pg_get_expr(c.relpartbound, c.oid) from pg_inherits h where h.inhrelid = c.oid and c.relispartition) as partition_of,
  case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end as partition_key
from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname not in ('schema_migration', 'schema_lock')
order by c.relname`;

const OTHERS: readonly string[] = [
  `select 'create type ' || t.typname || ' as enum (' || string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder) || ')' as text
     from pg_type t join pg_enum e on e.enumtypid = t.oid where t.typnamespace = 'public'::regnamespace group by t.typname order by t.typname`,
  `select 'create sequence ' || s.relname as text from pg_class s where s.relnamespace = 'public'::regnamespace and s.relkind = 'S'
     and not exists (select from pg_depend where objid = s.oid and deptype in ('a', 'i') and refobjsubid > 0) order by s.relname`,
  `select case v.relkind when 'm' then 'create materialized view ' else 'create view ' end || v.relname || E' as\\n' || rtrim(pg_get_viewdef(v.oid, true), ';') as text
     from pg_class v where v.relnamespace = 'public'::regnamespace and v.relkind in ('v', 'm') order by v.relname`,
  `select rtrim(pg_get_functiondef(p.oid)) as text from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prokind in ('f', 'p')
     and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e') order by p.proname, p.oid`,
  `select pg_get_triggerdef(t.oid, true) as text from pg_trigger t join pg_class c on c.oid = t.tgrelid where c.relnamespace = 'public'::regnamespace and not t.tgisinternal order by c.relname, t.tgname`,
];

function tableText(table: TableRow): string {
  const lines = [...table.columns, ...(table.constraints ?? [])].map(line => `  ${line}`);
  const partition = table.partition_key === null ? '' : ` partition by ${table.partition_key}`;
  const create =
    table.partition_of === null
      ? `create table ${table.name} (\n${lines.join(',\n')}\n)${partition};`
      : `create table ${table.name} partition of ${table.partition_of};`;
  return [create, ...(table.indexes ?? []).map(index => `${index.replaceAll('public.', '')};`)].join('\n');
}

/** The schema in `public` as readable SQL in a fixed order, from the catalog (there is no pg_dump in the embedded PostgreSQL). For review; migrations make it. */
export async function dumpSchema(db: Queryable): Promise<string> {
  const tables = await db.query<TableRow>(TABLES);
  const others: string[] = [];
  for (const query of OTHERS) for (const row of await db.query<{ text: string }>(query)) others.push(`${row.text};`);
  return `${['-- What the migrations make: for reading and review. Made by `npm run golden`, compared by a test.', ...tables.map(tableText), ...others].join('\n\n')}\n`;
}
