import type { Db, Queryable } from '../../db/db.ts';

/** Thrown where the process would have died; everything that was not committed is gone. */
export class Killed extends Error {}

/**
 * A database whose client dies at a chosen statement: before it (the transaction is rolled back by the server, as after kill -9), or right after a
 * commit whose answer never arrives. Counting is over all statements and commits, so every point of a story can be hit.
 */
export class MortalDb implements Db {
  readonly #db: Db;
  count = 0;
  #killAt = Number.POSITIVE_INFINITY;

  constructor(db: Db) {
    this.#db = db;
  }
  get pool() {
    return this.#db.pool;
  }
  close(): Promise<void> {
    return this.#db.close();
  }
  /** Dies at the `n`-th point from now. */
  killAfter(n: number): void {
    this.#killAt = this.count + n;
  }
  spare(): void {
    this.#killAt = Number.POSITIVE_INFINITY;
  }
  #point(): void {
    this.count += 1;
    if (this.count === this.#killAt) throw new Killed(`killed at ${this.count}`);
  }
  async query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]> {
    this.#point();
    return await this.#db.query<Row>(text, values);
  }
  async transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    const value = await this.#db.transaction(tx =>
      work({
        query: async (text, values) => {
          this.#point();
          return await tx.query(text, values);
        },
      }),
    );
    this.#point();
    return value;
  }
}
