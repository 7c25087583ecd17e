import { Group, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconHandStop, IconPlayerPlay } from '@tabler/icons-react';
import type { EngineView } from '../../api/safety.ts';
import { useAct } from '../data/ask.ts';
import { useRefusal } from '../data/session.ts';
import { ActButton } from '../kit/act-button.tsx';
import { Toned } from '../kit/mark.tsx';
import { ReasonDialog } from '../kit/reason-dialog.tsx';
import { Ago } from '../kit/time.tsx';
import classes from './safety.module.css';

export function KillSwitch({ engine: { killSwitch } }: { readonly engine: EngineView }) {
  const [asking, { open, close }] = useDisclosure();
  const refusal = useRefusal('rollout.operate');
  return (
    <Group className={classes.pad} justify="space-between" gap="sm">
      <Text size="sm" maw={760}>
        {killSwitch.engaged ? (
          <>
            <Toned tone="bad" strong>
              Engaged
            </Toned>{' '}
            by {killSwitch.by} <Ago at={killSwitch.at} />: {killSwitch.reason}. No host gets a permit; hosts past the point of no return are
            brought to a safe end.
          </>
        ) : (
          'Not engaged. Engaging it stops every rollout everywhere: no host gets another permit until it is released.'
        )}
      </Text>
      {killSwitch.engaged ? (
        <ActButton refusal={refusal} variant="default" leftSection={<IconPlayerPlay size={14} />} onClick={open}>
          Release
        </ActButton>
      ) : (
        <ActButton refusal={refusal} color="red" leftSection={<IconHandStop size={14} />} onClick={open}>
          Stop everything
        </ActButton>
      )}
      {asking && <Ask engage={!killSwitch.engaged} close={close} />}
    </Group>
  );
}

function Ask({ engage, close }: { readonly engage: boolean; readonly close: () => void }) {
  const set = useAct('killSwitchSet', {
    done: engage ? 'Kill switch engaged: nothing starts any more' : 'Kill switch released',
    after: close,
    quiet: true,
  });
  return (
    <ReasonDialog
      title={engage ? 'Stop everything?' : 'Release the kill switch?'}
      text={
        engage
          ? 'At once, for every rollout: no host may start, and no host may reboot. Hosts that are past the point of no return finish safely.'
          : 'Rollouts that were running go on where they stood, inside their windows.'
      }
      button={engage ? 'Stop everything' : 'Release'}
      danger={engage}
      act={set}
      send={reason => set.mutate({ body: { engaged: engage, reason } })}
      close={close}
    />
  );
}
