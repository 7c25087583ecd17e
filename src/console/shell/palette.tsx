import { Kbd, Modal, Text, TextInput, UnstyledButton } from '@mantine/core';
import { useDebouncedValue, useDisclosure, useHotkeys } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { type KeyboardEvent, useState } from 'react';
import { ask } from '../data/ask.ts';
import { PLACE_LIST } from './navigation.tsx';
import classes from './shell.module.css';

interface Hit {
  readonly href: string;
  readonly label: string;
  readonly kind: string;
}

/** Ctrl-K: go to a page, a host or a patch by typing part of its name; a CVE id goes to its findings. */
export function Palette() {
  const [open, { open: show, close }] = useDisclosure();
  useHotkeys([['mod+K', show]], []);
  return (
    <>
      <UnstyledButton className={classes.search} onClick={show}>
        <IconSearch size={14} aria-hidden />
        <span className={classes.searchWords}>Search</span>{' '}
        <Kbd size="xs" className={classes.searchKey ?? ''}>
          Ctrl K
        </Kbd>
      </UnstyledButton>
      <Modal.Root opened={open} onClose={close} size={560} yOffset={80}>
        <Modal.Overlay />
        <Modal.Content aria-label="Go to">
          <Modal.Body p="xs">{open && <Finder leave={close} />}</Modal.Body>
        </Modal.Content>
      </Modal.Root>
    </>
  );
}

function Finder({ leave }: { readonly leave: () => void }) {
  const router = useRouter();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const hits = useHits(text);
  const go = (hit: Hit | undefined) => {
    if (hit) {
      leave();
      router.history.push(hit.href);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') setAt(Math.min(at + 1, hits.length - 1));
    else if (event.key === 'ArrowUp') setAt(Math.max(at - 1, 0));
    else if (event.key === 'Enter') go(hits[at]);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <TextInput
        data-autofocus
        size="sm"
        aria-label="Page, host, patch or CVE"
        placeholder="Page, host, patch or CVE"
        value={text}
        onChange={event => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
        leftSection={<IconSearch size={15} aria-hidden />}
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-hits"
        aria-activedescendant={hits[at] ? `hit-${at}` : undefined}
      />
      <div className={classes.hits} id="palette-hits" role="listbox" aria-label="Results">
        {hits.map((hit, index) => (
          <div
            key={hit.href}
            id={`hit-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            className={classes.hit}
            onMouseEnter={() => setAt(index)}
            onClick={() => go(hit)}
            onKeyDown={onKeyDown}
          >
            <span>{hit.label}</span>
            <Text size="xs" c="dimmed" span>
              {hit.kind}
            </Text>
          </div>
        ))}
      </div>
      {hits.length === 0 && (
        <Text size="sm" c="dimmed" p="xs">
          Nothing has this name.
        </Text>
      )}
    </>
  );
}

function isCalled({ label }: Hit, words: string): boolean {
  return label.toLowerCase().startsWith(words);
}

function useHits(text: string): readonly Hit[] {
  const [rested] = useDebouncedValue(text.trim(), 150);
  const search = { query: { search: rested, pageSize: 6 } };
  const on = { enabled: rested.length > 1, placeholderData: keepPreviousData };
  const hosts = useQuery({ ...ask('hostList', search), ...on });
  const patches = useQuery({ ...ask('patchList', search), ...on });
  const words = text.trim().toLowerCase();
  const places = PLACE_LIST.filter(place => place.label.toLowerCase().includes(words)).map(place => ({
    href: place.to,
    label: place.label,
    kind: 'page',
  }));
  if (words.length < 2) return places;
  const cve = /^cve-\d{4}-\d+$/.test(words)
    ? [{ href: `/findings?vulnerability=${words.toUpperCase()}`, label: words.toUpperCase(), kind: 'findings' }]
    : [];
  const found = [
    ...(hosts.data?.items ?? []).map(host => ({ href: `/hosts/${host.id}`, label: host.name, kind: `host · ${host.platform}` })),
    ...(patches.data?.items ?? []).map(patch => ({
      href: `/patches/${encodeURIComponent(patch.id)}`,
      label: `${patch.sourceName} ${patch.targetVersion}`,
      kind: `patch · ${patch.platform}`,
    })),
  ];
  // Every host matches the name of its system: what is called so comes first.
  return [...cve, ...places, ...found.toSorted((a, b) => Number(isCalled(b, words)) - Number(isCalled(a, words)))];
}
