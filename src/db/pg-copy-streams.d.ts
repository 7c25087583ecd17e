/** The package ships no types; this is the part of it that copy.ts uses (pg-copy-streams 7, README "copy from"). */
declare module 'pg-copy-streams' {
  import type { Writable } from 'node:stream';
  import type { Submittable } from 'pg';
  export function from(sql: string): Writable & Submittable;
}
