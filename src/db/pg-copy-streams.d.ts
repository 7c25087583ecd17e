/** The package ships no types; this is the part of it that copy.ts and server/fleet use (pg-copy-streams 7, README "copy from", "copy to"). */
declare module 'pg-copy-streams' {
  import type { Readable, Writable } from 'node:stream';
  import type { Submittable } from 'pg';
  export function from(sql: string): Writable & Submittable;
  export function to(sql: string): Readable & Submittable;
}
