import { Kbd, TextInput } from '@mantine/core';
import { useDebouncedCallback, useHotkeys } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';

/** Text filter of a list. `/` focuses it, Escape empties it. Waits until typing rests, so that each letter is not a request. */
const REST_MS = 200;

export function SearchBox({
  value,
  onChange,
  label,
  width = 240,
}: {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly label: string;
  readonly width?: number;
}) {
  const [text, setText] = useState(value);
  const input = useRef<HTMLInputElement>(null);
  const sent = useRef(value);
  const send = useDebouncedCallback((next: string) => {
    sent.current = next;
    onChange(next);
  }, REST_MS);
  useEffect(() => {
    if (value !== sent.current) {
      sent.current = value;
      setText(value);
    }
  }, [value]);
  useHotkeys([['/', () => input.current?.focus()]]);
  const put = (next: string) => {
    setText(next);
    send(next);
  };
  return (
    <TextInput
      ref={input}
      w={width}
      maw="100%"
      aria-label={label}
      placeholder={label}
      type="search"
      value={text}
      leftSection={<IconSearch size={14} aria-hidden />}
      rightSection={
        text ? null : (
          <Kbd size="xs" aria-hidden>
            /
          </Kbd>
        )
      }
      onChange={event => put(event.currentTarget.value)}
      onKeyDown={event => {
        if (event.key === 'Escape') put('');
      }}
    />
  );
}
