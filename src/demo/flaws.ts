import { addMs, DAY_MS, type Instant } from '../core/kernel/instants.ts';
import type { Random } from '../sim/random.ts';

/** A made-up vulnerability, as the feeds of the demonstration tell of it. */
export interface Flaw {
  readonly id: string;
  readonly title: string;
  readonly publishedOn: string;
  readonly vector: string;
  readonly exploitation: 'none' | 'poc' | 'active';
  readonly automatable: 'yes' | 'no';
  readonly impact: 'partial' | 'total';
  readonly epss: number;
  readonly knownExploited: boolean;
}

interface Kind {
  readonly words: string;
  readonly vector: string;
  readonly impact: Flaw['impact'];
  readonly weight: number;
}

const KINDS: readonly Kind[] = [
  { words: 'use after free when a connection is closed early', vector: 'AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H', impact: 'total', weight: 3 },
  { words: 'heap overflow in the parsing of a header', vector: 'AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', impact: 'total', weight: 2 },
  { words: 'out-of-bounds read in the decoding of a length', vector: 'AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:L', impact: 'partial', weight: 6 },
  { words: 'unbounded memory use by a crafted request', vector: 'AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H', impact: 'partial', weight: 7 },
  { words: 'a race lets a local user gain privileges', vector: 'AV:L/AC:H/PR:L/UI:N/S:U/C:H/I:H/A:H', impact: 'total', weight: 4 },
  {
    words: 'a path is not checked when an archive is unpacked',
    vector: 'AV:N/AC:L/PR:N/UI:R/S:U/C:N/I:H/A:N',
    impact: 'partial',
    weight: 4,
  },
  { words: 'null pointer dereference in an error path', vector: 'AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:H', impact: 'partial', weight: 9 },
  { words: 'a certificate that has expired is accepted', vector: 'AV:N/AC:H/PR:N/UI:N/S:U/C:L/I:L/A:N', impact: 'partial', weight: 2 },
  { words: 'double free in the handling of options', vector: 'AV:L/AC:L/PR:L/UI:N/S:U/C:L/I:L/A:H', impact: 'partial', weight: 4 },
  { words: 'information of another session is disclosed', vector: 'AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:N/A:N', impact: 'partial', weight: 3 },
];

const COUNTS: Readonly<Record<string, readonly [number, number]>> = {
  'linux-signed-amd64': [24, 70],
  imagemagick: [3, 9],
  openjdk: [3, 6],
  php8: [2, 5],
  apache2: [2, 6],
};

/** Six digits that begin with a 9 belong to nobody: the numbering authorities are far from them. */
export class FlawNumbers {
  #next: number;
  constructor(first = 900_001) {
    this.#next = first;
  }
  take(): number {
    return this.#next++;
  }
}

/** What one update fixes. */
export function flawsOf(source: string, fixedAt: Instant, random: Random, numbers: FlawNumbers): Flaw[] {
  const [least, most] = COUNTS[source] ?? [1, 3];
  return Array.from({ length: random.between(least, most) }, () => flawOf(source, fixedAt, random, numbers));
}

/** Published some days before its fix. */
export function flawOf(source: string, fixedAt: Instant, random: Random, numbers: FlawNumbers): Flaw {
  const kind = drawn(random);
  const publishedOn = addMs(fixedAt, -random.between(0, 12) * DAY_MS).slice(0, 10);
  const luck = random.next();
  const remote = kind.vector.startsWith('AV:N');
  const knownExploited = source === 'linux-signed-amd64' ? luck < 0.003 : remote ? luck < 0.035 : luck < 0.015;
  const exploitation = knownExploited ? 'active' : luck < 0.16 ? 'poc' : 'none';
  const subject = source === 'linux-signed-amd64' ? 'Linux' : source;
  return {
    id: `CVE-${publishedOn.slice(0, 4)}-${numbers.take()}`,
    title: `${subject}: ${kind.words}`,
    publishedOn,
    vector: `CVSS:3.1/${kind.vector}`,
    exploitation,
    automatable: remote && kind.vector.includes('UI:N') && kind.vector.includes('AC:L') ? 'yes' : 'no',
    impact: kind.impact,
    epss: Number((knownExploited ? 0.4 + random.next() * 0.55 : random.next() ** 5 * (exploitation === 'poc' ? 0.5 : 0.12)).toFixed(5)),
    knownExploited,
  };
}

function drawn(random: Random): Kind {
  const total = KINDS.reduce((sum, kind) => sum + kind.weight, 0);
  let at = random.next() * total;
  return KINDS.find(kind => (at -= kind.weight) < 0) ?? KINDS[0]!;
}
