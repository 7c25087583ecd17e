import { Button } from '@mantine/core';
import { IconLink } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { ask } from '../data/ask.ts';
import { problemOf } from '../data/client.ts';
import { Toned } from '../kit/mark.tsx';
import { count } from '../kit/words.ts';

/** Nobody has to believe that the trail is whole: the server reads all of it and computes it anew. */
export function CheckChain() {
  const chain = useQuery({ ...ask('auditChain', {}), enabled: false });
  const report = chain.data;
  return (
    <>
      <span role="status">
        {chain.isError ? (
          <Toned tone="bad">{problemOf(chain.error).title}</Toned>
        ) : report === undefined ? null : report.brokenAt === null ? (
          <Toned tone="good">Whole: {count(report.entries)} entries fit</Toned>
        ) : (
          <Toned tone="bad">
            Broken at entry {count(report.brokenAt)}: {report.reason}
          </Toned>
        )}
      </span>
      <Button variant="default" leftSection={<IconLink size={14} />} loading={chain.isFetching} onClick={() => void chain.refetch()}>
        Check the chain
      </Button>
    </>
  );
}
