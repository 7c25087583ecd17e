import { Kbd, Modal, Text } from '@mantine/core';
import { type HotkeyItem, useDisclosure, useHotkeys } from '@mantine/hooks';
import { useRouter } from '@tanstack/react-router';
import { Fragment, useRef } from 'react';
import classes from './shell.module.css';

/** `g` and a letter go to a place, as in mail programs and code forges. */
const PLACES = {
  o: { to: '/', label: 'Overview' },
  h: { to: '/hosts', label: 'Hosts' },
  p: { to: '/patches', label: 'Patches' },
  f: { to: '/findings', label: 'Findings' },
  e: { to: '/exceptions', label: 'Exceptions' },
  r: { to: '/rollouts', label: 'Rollouts' },
  y: { to: '/rollouts/policies', label: 'Policies' },
  s: { to: '/rollouts/safety', label: 'Safety: the kill switch' },
  a: { to: '/audit', label: 'Audit' },
} as const;
/** The second key counts for so long after the first. */
const SECOND_KEY_MS = 1_200;

const ELSEWHERE = [
  { keys: ['Ctrl', 'K'], label: 'Find a page, host, patch or CVE' },
  { keys: ['/'], label: 'Search in the list' },
  { keys: ['Esc'], label: 'Close a dialog; empty the search' },
  { keys: ['Shift', 'Click'], label: 'Choose all rows in between' },
  { keys: ['?'], label: 'This list' },
] as const;

/** `?` says what the keyboard can do. Keys typed into a field are text, never a command. */
export function Shortcuts() {
  const [open, { open: show, close }] = useDisclosure();
  const router = useRouter();
  const armedUntil = useRef(0);
  const go = (to: string) => () => {
    if (Date.now() > armedUntil.current) return;
    armedUntil.current = 0;
    void router.navigate({ to });
  };
  useHotkeys([
    ['shift+?', show],
    ['?', show],
    [
      'g',
      () => {
        armedUntil.current = Date.now() + SECOND_KEY_MS;
      },
    ],
    ...Object.entries(PLACES).map(([key, place]): HotkeyItem => [key, go(place.to), { preventDefault: false }]),
  ]);
  return (
    <Modal opened={open} onClose={close} title="Keyboard">
      <dl className={classes.keys}>
        {ELSEWHERE.map(({ keys, label }) => (
          <Key key={label} keys={keys} label={label} />
        ))}
        {Object.entries(PLACES).map(([key, place]) => (
          <Key key={key} keys={['g', key]} label={`Go to ${place.label}`} />
        ))}
      </dl>
      <Text size="xs" c="dimmed" mt="sm">
        Everything on a page can be reached with Tab.
      </Text>
    </Modal>
  );
}

function Key({ keys, label }: { readonly keys: readonly string[]; readonly label: string }) {
  return (
    <>
      <dt>
        {keys.map((key, index) => (
          <Fragment key={key}>
            {index > 0 && ' '}
            <Kbd size="xs">{key}</Kbd>
          </Fragment>
        ))}
      </dt>
      <dd>{label}</dd>
    </>
  );
}
