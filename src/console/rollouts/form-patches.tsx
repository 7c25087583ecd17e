import { ActionIcon, Select, Skeleton, Stack, Text } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ask } from '../data/ask.ts';
import { Grid } from '../kit/grid.tsx';
import { Chip, Mark, Toned } from '../kit/mark.tsx';
import { ProblemNote } from '../kit/problem.tsx';
import { RESTART_WORD, REVERSIBLE_LOOK } from '../kit/states.ts';
import { Due } from '../kit/time.tsx';
import { Version } from '../kit/version.tsx';
import { count } from '../kit/words.ts';
import type { PutDraft } from './rollout-form.tsx';
import type { SpecDraft } from './spec-form.ts';

/** The contract's largest page: the queue holds source packages, a few hundred even in a mixed fleet. */
export const QUEUE_PAGE = 500;

export function FormPatches({ draft, put }: { readonly draft: SpecDraft; readonly put: PutDraft }) {
  const queue = useQuery({ ...ask('patchList', { query: { pageSize: QUEUE_PAGE, sort: 'rank' } }), staleTime: 60_000 });
  const [search, setSearch] = useState('');
  const known = new Map((queue.data?.items ?? []).map(patch => [patch.id, patch]));
  const chosen = draft.patchIds.map(id => ({ id, patch: known.get(id) }));
  const remove = (id: string) => put({ patchIds: draft.patchIds.filter(each => each !== id) });
  const add = (id: string | null) => {
    if (id) {
      put({ patchIds: [...draft.patchIds, id] });
      setSearch('');
    }
  };
  const free = (queue.data?.items ?? []).filter(patch => !draft.patchIds.includes(patch.id));
  return (
    <Stack gap="xs">
      {queue.isError && <ProblemNote error={queue.error} retry={() => void queue.refetch()} />}
      {chosen.length > 0 && (
        <Grid
          label="Chosen patches"
          rows={chosen}
          rowId={row => row.id}
          columns={[
            {
              key: 'name',
              title: 'Patch',
              wrap: true,
              cell: ({ id, patch }) =>
                patch ? (
                  <>
                    <b>{patch.sourceName}</b> {patch.knownExploited.length > 0 && <Chip tone="bad">exploited</Chip>}{' '}
                    <Toned tone="quiet">{patch.platform}</Toned>
                  </>
                ) : queue.data ? (
                  <>
                    {id} <Chip tone="warn">not in the queue</Chip>
                  </>
                ) : (
                  <Skeleton height={12} width={180} role="status" aria-label="Loading" />
                ),
            },
            { key: 'version', title: 'To version', from: 'sm', cell: ({ patch }) => patch && <Version text={patch.targetVersion} /> },
            { key: 'due', title: 'Due', cell: ({ patch }) => patch && <Due at={patch.decision?.dueAt ?? null} none="–" /> },
            { key: 'closes', title: 'Closes', align: 'right', from: 'sm', cell: ({ patch }) => patch && count(patch.closes) },
            { key: 'restart', title: 'Disruption', from: 'md', cell: ({ patch }) => patch && RESTART_WORD[patch.restart] },
            {
              key: 'undo',
              title: 'Undo',
              from: 'md',
              cell: ({ patch }) => patch && <Mark look={REVERSIBLE_LOOK[patch.reversible]} note={patch.reversibleReason} />,
            },
            {
              key: 'remove',
              title: <span className="sr-only">Remove</span>,
              align: 'right',
              cell: ({ id, patch }) => (
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  size="sm"
                  aria-label={`Remove ${patch?.sourceName ?? id}`}
                  onClick={() => remove(id)}
                >
                  <IconX size={14} />
                </ActionIcon>
              ),
            },
          ]}
        />
      )}
      <Select
        aria-label="Add a patch"
        placeholder={chosen.length === 0 ? 'Choose the first patch by name' : 'Add another patch'}
        maw={460}
        searchable
        searchValue={search}
        onSearchChange={setSearch}
        value={null}
        onChange={add}
        limit={50}
        nothingFoundMessage={queue.isPending ? 'Loading …' : 'No pending patch has this name'}
        data={free.map(patch => ({
          value: patch.id,
          label: `${patch.sourceName} ${patch.targetVersion} (${patch.platform}, ${count(patch.hosts)} hosts)`,
        }))}
      />
      {chosen.length === 0 && (
        <Text size="sm" c="dimmed">
          Best chosen in the queue of patches, where the reasons stand.
        </Text>
      )}
    </Stack>
  );
}
