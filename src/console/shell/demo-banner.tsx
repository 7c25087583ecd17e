import { Text } from '@mantine/core';
import { useSession } from '../data/session.ts';
import kit from '../kit/kit.module.css';
import { Glyph } from '../kit/mark.tsx';

/** On every page: nobody may take made-up hosts for their own, nor a screenshot of them for a report. */
export function DemoBanner() {
  const { demonstration } = useSession();
  if (!demonstration) return null;
  return (
    <div className={kit.note} data-tone="info" role="status" style={{ marginBottom: 12 }}>
      <Glyph shape="waiting" tone="info" />
      <Text size="sm">
        <b>Demonstration.</b> Hosts, history and vulnerabilities are simulated; nothing here reaches a real machine.
      </Text>
    </div>
  );
}
