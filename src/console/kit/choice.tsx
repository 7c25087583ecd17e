import { Select } from '@mantine/core';
import { useUrlState } from '../data/url-state.ts';

/** A filter with a closed set of values, kept in the address. Nothing chosen means all. */
export function Choice({
  name,
  label,
  options,
  width = 150,
}: {
  readonly name: string;
  readonly label: string;
  readonly options: Readonly<Record<string, string>>;
  readonly width?: number;
}) {
  const [url, change] = useUrlState();
  return (
    <Select
      w={width}
      aria-label={label}
      placeholder={label}
      clearable
      clearButtonProps={{ 'aria-label': `Clear ${label}` }}
      data={Object.entries(options).map(([value, text]) => ({ value, label: text }))}
      value={url[name] ?? null}
      onChange={value => change({ [name]: value ?? undefined, page: undefined }, { push: true })}
    />
  );
}

export function labelsOf<State extends string>(looks: Readonly<Record<State, { readonly label: string }>>): Record<State, string> {
  return Object.fromEntries(Object.entries<{ readonly label: string }>(looks).map(([state, look]) => [state, look.label])) as Record<
    State,
    string
  >;
}
