import { invalid } from '../runtime/problems.ts';

export interface PageInput {
  readonly page: number;
  readonly pageSize: number;
  readonly sort?: string | undefined;
}

type Sortable = string | number | boolean | null;

/** Field -> what to sort by. Nulls come last whichever way it is sorted: "no due date" is never the first. */
export type SortKeys<Item> = Readonly<Record<string, (item: Item) => Sortable>>;

export interface SortOrder {
  readonly field: string;
  readonly descending: boolean;
}

/** `-name` sorts by name, descending. Throws a 400 that lists the fields for a field that is not one of them. */
export function parseSort<Item>(sort: string | undefined, keys: SortKeys<Item>, otherwise: string): SortOrder {
  const text = sort ?? otherwise;
  const field = text.replace(/^-/, '');
  if (!Object.hasOwn(keys, field))
    throw invalid(
      'query/sort',
      `There is no field ${field} to sort by: use ${Object.keys(keys).join(', ')}, with - in front for descending.`,
    );
  return { field, descending: text.startsWith('-') };
}

/** A sorted copy. Ties keep the order of the input, so pages fit together. */
export function sorted<Item>(items: readonly Item[], { field, descending }: SortOrder, keys: SortKeys<Item>): Item[] {
  const keyOf = keys[field]!;
  // Keys are made once: some of them are not cheap, and a sort asks for each some 15 times.
  const keyed = items.map(item => ({ item, key: keyOf(item) }));
  keyed.sort((a, b) => {
    if (a.key === null || b.key === null) return Number(a.key === null) - Number(b.key === null);
    const order = a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
    return descending ? -order : order;
  });
  return keyed.map(({ item }) => item);
}

/** The slice of a page, and what the answer says about it. */
export function paged<Item>(items: readonly Item[], { page, pageSize }: PageInput) {
  return { items: items.slice((page - 1) * pageSize, page * pageSize), total: items.length, page, pageSize };
}
