/** Ids are branded strings with a prefix that names their kind: `host_4f...`. The random part is made at the edge and handed in. */
declare const brand: unique symbol;
type Id<Kind extends string> = string & { readonly [brand]: Kind };

const ID_PREFIX = {
  host: 'host',
  person: 'per',
  session: 'ses',
  token: 'tok',
  invitation: 'inv',
  enrolment: 'enr',
  group: 'grp',
  feed: 'feed',
  rollout: 'rol',
  ring: 'ring',
  job: 'job',
  permit: 'pmt',
  rehearsal: 'rehearsal',
  change: 'chg',
  plan: 'plan',
  freeze: 'frz',
  'availability-group': 'avl',
  policy: 'pol',
  hold: 'hold',
  retraction: 'ret',
  exception: 'exc',
} as const;
type IdKind = keyof typeof ID_PREFIX;

/** `random` is at least 16 hexadecimal digits from a cryptographic source. */
export function makeId<Kind extends IdKind>(kind: Kind, random: string): Id<Kind> {
  if (!/^[0-9a-f]{16,64}$/.test(random)) throw new RangeError('an id needs 16 to 64 hexadecimal digits');
  return `${ID_PREFIX[kind]}_${random}` as Id<Kind>;
}
