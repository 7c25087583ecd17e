import { Select } from '@mantine/core';

const ZONES = ['UTC', ...Intl.supportedValuesOf('timeZone').filter(zone => zone !== 'UTC')];

/** The IANA zones that this browser knows, and the present one, whatever it is. */
export function ZoneSelect({
  label,
  value,
  onChange,
  width = 220,
}: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (zone: string) => void;
  readonly width?: number;
}) {
  return (
    <Select
      label={label}
      searchable
      data={ZONES.includes(value) ? ZONES : [value, ...ZONES]}
      value={value}
      allowDeselect={false}
      onChange={zone => zone && onChange(zone)}
      w={width}
    />
  );
}
