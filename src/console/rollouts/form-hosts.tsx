import { SegmentedControl, Select, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ask } from '../data/ask.ts';
import { QueryBox, usePreview } from '../hosts/query-box.tsx';
import { count } from '../kit/words.ts';
import type { PutDraft } from './rollout-form.tsx';
import type { SpecDraft } from './spec-form.ts';

const EXAMPLES =
  'Fields: os, name ~ web*, env = prod (any label), criticality, exposure, reach, kev > 0, overdue > 0, reboot = true, package openssl < 3.0.22; joined by and, or, not.';

export function FormHosts({ draft, put }: { readonly draft: SpecDraft; readonly put: PutDraft }) {
  const groups = useQuery(ask('groupList', {}));
  const byHand = useHostNames(draft.choose === 'hosts' ? draft.hostIds : []);
  const group = groups.data?.items.find(item => item.id === draft.groupId);
  return (
    <Stack gap="xs">
      <SegmentedControl
        aria-label="Choose hosts by"
        style={{ alignSelf: 'flex-start' }}
        value={draft.choose}
        onChange={choose => put({ choose: choose as SpecDraft['choose'] })}
        data={[
          { value: 'query', label: 'Query' },
          { value: 'group', label: 'Saved group' },
          ...(draft.hostIds.length > 0
            ? [{ value: 'hosts', label: `${count(draft.hostIds.length)} chosen ${draft.hostIds.length === 1 ? 'host' : 'hosts'}` }]
            : []),
        ]}
      />
      {draft.choose === 'query' && (
        <>
          <QueryBox labelled label="Hosts that match" value={draft.query} onChange={query => put({ query })} width={560} counted />
          <Text size="xs" c="dimmed">
            {EXAMPLES}
          </Text>
        </>
      )}
      {draft.choose === 'group' && (
        <Select
          aria-label="Saved group"
          placeholder="Saved group"
          maw={460}
          data={(groups.data?.items ?? []).map(item => ({ value: item.id, label: `${item.name} (${count(item.hosts)} hosts)` }))}
          value={draft.groupId}
          onChange={groupId => put({ groupId })}
        />
      )}
      {draft.choose === 'group' && group && (
        <Text size="sm" c="dimmed">
          <code>{group.query || 'all'}</code>: {count(group.hosts)} hosts now
        </Text>
      )}
      {draft.choose === 'hosts' && <Text size="sm">{byHand}</Text>}
      <Text size="xs" c="dimmed">
        The hosts are fixed when the plan is made. Those that need none of the patches, hold them, or are not offered them are left out,
        each with its reason.
      </Text>
    </Stack>
  );
}

/** Names of hosts chosen by hand, asked for with a query over their ids. */
function useHostNames(ids: readonly string[]): string {
  const { data } = usePreview(ids.length === 0 ? '' : `id in (${ids.join(', ')})`);
  if (ids.length === 0 || !data) return '';
  const more = ids.length - data.sample.length;
  return data.sample.join(', ') + (more > 0 ? ` and ${count(more)} more` : '');
}
