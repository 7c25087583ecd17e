import { Button, Group, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { EngineView } from '../../api/safety.ts';
import { useAct } from '../data/ask.ts';
import { useRefusal } from '../data/session.ts';
import classes from './safety.module.css';

/** Where gates with Prometheus queries ask. */
export function PrometheusAddress({ engine: { prometheusUrl } }: { readonly engine: EngineView }) {
  const [url, setUrl] = useState(prometheusUrl ?? '');
  const refusal = useRefusal('setting.write');
  const save = useAct('engineUpdate', { done: answer => (answer.prometheusUrl === null ? 'No Prometheus is asked' : 'Gates ask there') });
  const next = url.trim() === '' ? null : url.trim();
  if (refusal !== null)
    return (
      <Text size="sm" className={classes.pad}>
        {prometheusUrl ?? 'None: a gate with a Prometheus query stays inconclusive.'}
      </Text>
    );
  return (
    <form
      className={classes.pad}
      onSubmit={event => {
        event.preventDefault();
        save.mutate({ body: { prometheusUrl: next } });
      }}
    >
      <Group align="flex-end" gap="sm">
        <TextInput
          aria-label="Address of Prometheus"
          placeholder="http://prometheus.example.org:9090"
          w={340}
          maw="100%"
          type="url"
          value={url}
          onChange={event => setUrl(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" loading={save.isPending} disabled={next === prometheusUrl}>
          Change
        </Button>
      </Group>
    </form>
  );
}
