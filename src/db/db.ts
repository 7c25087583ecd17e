import type pg from 'pg';

/** The one way to speak to PostgreSQL: text with `$1` placeholders, rows typed by the caller. Values are always parameters. */
export interface Queryable {
  query<Row extends object = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

export interface Db extends Queryable {
  /** Runs `work` in one transaction and runs it again on a serialization failure or deadlock (40001, 40P01), so it must have no other effect. */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  /** For COPY and LISTEN only. */
  readonly pool: pg.Pool;
  close(): Promise<void>;
}
