import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ask } from '../data/ask.ts';
import kit from '../kit/kit.module.css';
import { Glyph } from '../kit/mark.tsx';
import { Ago } from '../kit/time.tsx';

/** While the kill switch is engaged every page says so: else people wonder why nothing moves. */
export function StopBanner() {
  const { data } = useQuery({ ...ask('engineGet', {}), refetchInterval: 20_000 });
  if (!data?.killSwitch.engaged) return null;
  return (
    <div className={kit.note} data-tone="bad" role="status" style={{ marginBottom: 12 }}>
      <Glyph shape="failed" tone="bad" />
      <Text size="sm">
        <b>Everything is stopped.</b> {data.killSwitch.by} engaged the kill switch <Ago at={data.killSwitch.at} />: {data.killSwitch.reason}
        . <Link to="/rollouts/safety">Release it</Link>
      </Text>
    </div>
  );
}
