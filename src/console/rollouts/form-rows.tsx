import { ActionIcon, Button, Stack, Text } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import type { ReactNode } from 'react';

interface FormRowsProps<Row> {
  /** What one row is, in small letters: `smoke test`. */
  readonly noun: string;
  readonly rows: readonly Row[];
  readonly rowsMax: number;
  readonly fresh: Row;
  /** What it means that there are none. */
  readonly none: string;
  readonly className: string | undefined;
  readonly onRows: (rows: Row[]) => void;
  /** The fields of one row; `change` puts another in its place. */
  readonly children: (row: Row, change: (row: Row) => void) => ReactNode;
}

/** A list that is made by hand in a form: each row with its fields and a way to remove it, and one to add another. */
export function FormRows<Row>({ noun, rows, rowsMax, fresh, none, className, onRows, children }: FormRowsProps<Row>) {
  return (
    <Stack gap="xs">
      {rows.length === 0 && (
        <Text size="sm" c="dimmed">
          {none}
        </Text>
      )}
      {rows.map((row, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows are told apart by their place alone, and their fields are controlled
        <fieldset key={index} className={className} aria-label={`${noun.charAt(0).toUpperCase()}${noun.slice(1)} ${index + 1}`}>
          {children(row, next => onRows(rows.with(index, next)))}
          <ActionIcon
            variant="subtle"
            color="gray"
            size={28}
            aria-label={`Remove ${noun} ${index + 1}`}
            onClick={() => onRows(rows.filter((_, at) => at !== index))}
          >
            <IconX size={14} />
          </ActionIcon>
        </fieldset>
      ))}
      <Button
        style={{ alignSelf: 'flex-start' }}
        variant="subtle"
        size="compact-xs"
        leftSection={<IconPlus size={13} />}
        disabled={rows.length >= rowsMax}
        onClick={() => onRows([...rows, fresh])}
      >
        Add a {noun}
      </Button>
    </Stack>
  );
}
