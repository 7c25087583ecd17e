import { Button } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { client, problemOf } from '../data/client.ts';
import { useRefusal } from '../data/session.ts';
import { ActButton } from '../kit/act-button.tsx';
import { sayDone, sayProblem } from '../kit/toast.tsx';

/** Asks each host for a fresh inventory; a host that refuses does not stop the others. */
export function RefreshHosts({ ids, single }: { readonly ids: readonly string[]; readonly single?: boolean }) {
  const queries = useQueryClient();
  const refusal = useRefusal('host.write');
  const refresh = useMutation({
    mutationFn: () => Promise.allSettled(ids.map(id => client.hostRefresh({ params: { id } }))),
    onSuccess: results => {
      const failed = results.filter(result => result.status === 'rejected');
      if (failed[0]) sayProblem(problemOf(failed[0].reason));
      if (failed.length < results.length)
        sayDone(single ? 'Asked for a fresh inventory' : `Asked ${results.length - failed.length} hosts for a fresh inventory`);
      void queries.invalidateQueries();
    },
  });
  if (refusal !== null)
    return (
      <ActButton refusal={refusal} onClick={() => {}}>
        Refresh
      </ActButton>
    );
  return (
    <Button variant="default" leftSection={<IconRefresh size={14} />} loading={refresh.isPending} onClick={() => refresh.mutate()}>
      Refresh
    </Button>
  );
}
