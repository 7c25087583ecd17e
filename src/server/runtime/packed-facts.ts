import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { HostFacts } from '../../core/inventory/snapshot.ts';
import { FACTS_DICTIONARY } from './facts-dictionary.ts';

/** Stands before a document that was packed with FACTS_DICTIONARY; one without it begins with zstd's own 0x28. */
const DICTIONARY_1 = 0x01;

/** 8 kB of services and sockets become 0.7 kB, without the dictionary 1.4 kB; PostgreSQL's own compression leaves 4 kB. */
export function packFacts(facts: HostFacts): Buffer {
  return Buffer.concat([Buffer.of(DICTIONARY_1), zstdCompressSync(JSON.stringify(facts), { dictionary: FACTS_DICTIONARY })]);
}

export function unpackFacts(doc: Buffer): HostFacts {
  const text = doc[0] === DICTIONARY_1 ? zstdDecompressSync(doc.subarray(1), { dictionary: FACTS_DICTIONARY }) : zstdDecompressSync(doc);
  return JSON.parse(text.toString()) as HostFacts;
}
