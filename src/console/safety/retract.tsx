import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { useAct } from '../data/ask.ts';
import { ReasonDialog } from '../kit/reason-dialog.tsx';

/** Nobody may install this update any more. */
export function Retract(given: { readonly sourceName: string; readonly sourceVersion: string; readonly close: () => void }) {
  const [sourceName, setSourceName] = useState(given.sourceName);
  const [sourceVersion, setSourceVersion] = useState(given.sourceVersion);
  const retract = useAct('retractionCreate', {
    quiet: true,
    done: answer => `${answer.sourceName} ${answer.sourceVersion} is blocked everywhere`,
    after: given.close,
  });
  return (
    <ReasonDialog
      title="Retract an update"
      text="At once: no host may install it any more, and every rollout that holds it is paused. It takes nothing off a host."
      button="Retract it"
      danger
      act={retract}
      send={reason => retract.mutate({ body: { sourceName: sourceName.trim(), sourceVersion: sourceVersion.trim(), reason } })}
      close={given.close}
    >
      <TextInput
        label="Source package"
        required
        value={sourceName}
        spellCheck={false}
        onChange={event => setSourceName(event.currentTarget.value)}
      />
      <TextInput
        label="Version"
        required
        value={sourceVersion}
        spellCheck={false}
        onChange={event => setSourceVersion(event.currentTarget.value)}
      />
    </ReasonDialog>
  );
}
