import { Button, Group, NumberInput, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { EngineView } from '../../api/safety.ts';
import { useAct } from '../data/ask.ts';
import { useRefusal } from '../data/session.ts';
import { count, counted } from '../kit/words.ts';
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

const LABEL = /^[a-z][a-z0-9_.-]{0,39}$/;

/** The same for each site, where a label says which site a host is at; empty: as many as the cap over all allows. */
export function SiteCap({ engine }: { readonly engine: EngineView }) {
  const { siteCap } = engine;
  const [most, setMost] = useState<number | null>(siteCap?.hosts ?? null);
  const [label, setLabel] = useState(siteCap?.label ?? 'site');
  const refusal = useRefusal('setting.write');
  const save = useAct('engineUpdate', {
    done: answer =>
      answer.siteCap === null
        ? 'Sites have no cap of their own'
        : `At most ${count(answer.siteCap.hosts)} of one ${answer.siteCap.label} at once`,
  });
  const same = most === (siteCap?.hosts ?? null) && (most === null || label === siteCap?.label);
  return (
    <form
      className={classes.pad}
      onSubmit={event => {
        event.preventDefault();
        save.mutate({ body: { siteCap: most === null ? null : { label, hosts: most } } });
      }}
    >
      <Group align="flex-end" gap="sm">
        <Text size="sm" pb={5}>
          {siteCap === null ? 'No cap for a single site.' : `At most ${counted(siteCap.hosts, 'host')} with the same ${siteCap.label}.`}
        </Text>
        {refusal === null && (
          <>
            <NumberInput
              label="At most, of one site"
              placeholder="no cap"
              w={150}
              min={1}
              max={10_000}
              value={most ?? ''}
              onChange={value => setMost(Number(value) || null)}
            />
            <TextInput label="Label of the site" w={150} value={label} onChange={event => setLabel(event.currentTarget.value)} />
            <Button type="submit" variant="default" loading={save.isPending} disabled={same || !LABEL.test(label)}>
              Change
            </Button>
          </>
        )}
      </Group>
    </form>
  );
}
