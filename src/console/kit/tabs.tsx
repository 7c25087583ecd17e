import { Tabs } from '@mantine/core';
import { type ReactNode, useEffect, useRef } from 'react';
import { useUrlState } from '../data/url-state.ts';
import { centreInRow } from './side-scroll.ts';

interface TabSpec {
  readonly id: string;
  readonly label: ReactNode;
  readonly panel: () => ReactNode;
}

/** Tabs whose choice is in the address (`?tab=`). Changing it drops what belonged to the old tab: its page, sort and search. */
export function UrlTabs({ tabs, label }: { readonly tabs: readonly TabSpec[]; readonly label: string }) {
  const [url, change] = useUrlState();
  const open = tabs.find(tab => tab.id === url.tab) ?? tabs[0];
  const list = useRef<HTMLDivElement>(null);
  // On a narrow screen the list scrolls sideways: the open tab must not be out of sight.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the list moves when another tab opens
  useEffect(() => {
    centreInRow(list.current, '[aria-selected="true"]');
  }, [open?.id]);
  return (
    <Tabs
      value={open?.id ?? null}
      onChange={id =>
        change(
          {
            tab: id === tabs[0]?.id ? undefined : (id ?? undefined),
            page: undefined,
            sort: undefined,
            search: undefined,
            only: undefined,
            state: undefined,
            due: undefined,
            open: undefined,
          },
          { push: true },
        )
      }
      keepMounted={false}
    >
      <Tabs.List aria-label={label} className="scroll-x" ref={list}>
        {tabs.map(tab => (
          <Tabs.Tab key={tab.id} value={tab.id} px="sm" py={7}>
            {tab.label}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {tabs.map(tab => (
        <Tabs.Panel key={tab.id} value={tab.id} pt="sm">
          {tab.id === open?.id ? tab.panel() : null}
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
