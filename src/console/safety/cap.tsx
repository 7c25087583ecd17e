import { Button, Group, NumberInput, Text } from '@mantine/core';
import { useState } from 'react';
import type { EngineView } from '../../api/safety.ts';
import { useAct } from '../data/ask.ts';
import { useRefusal } from '../data/session.ts';
import { count } from '../kit/words.ts';
import classes from './safety.module.css';

export function Cap({ engine }: { readonly engine: EngineView }) {
  const [most, setMost] = useState(engine.concurrencyMax);
  const refusal = useRefusal('setting.write');
  const save = useAct('engineUpdate', { done: answer => `At most ${count(answer.concurrencyMax)} hosts at once` });
  return (
    <form
      className={classes.pad}
      onSubmit={event => {
        event.preventDefault();
        save.mutate({ body: { concurrencyMax: most } });
      }}
    >
      <Group align="flex-end" gap="sm">
        <Text size="sm" pb={5}>
          {count(engine.disrupting)} now, at most {count(engine.concurrencyMax)}.
        </Text>
        {refusal === null && (
          <>
            <NumberInput aria-label="At most" w={110} min={1} max={10_000} value={most} onChange={value => setMost(Number(value) || 1)} />
            <Button type="submit" variant="default" loading={save.isPending} disabled={most === engine.concurrencyMax}>
              Change
            </Button>
          </>
        )}
      </Group>
    </form>
  );
}
