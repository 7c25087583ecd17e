import { ActionIcon, Tooltip } from '@mantine/core';
import { useTimeout } from '@mantine/hooks';
import { IconCheck, IconCopy, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { copyText } from './copy-text.ts';
import classes from './kit.module.css';

const SAYS_MS = 2_000;
const ICON = { ready: IconCopy, copied: IconCheck, refused: IconX } as const;

export function CopyIcon({ text, label }: { readonly text: string; readonly label: string }) {
  const [state, setState] = useState<keyof typeof ICON>('ready');
  const { start } = useTimeout(() => setState('ready'), SAYS_MS);
  const copy = async () => {
    setState((await copyText(text)) ? 'copied' : 'refused');
    start();
  };
  const Icon = ICON[state];
  const says = state === 'ready' ? label : state === 'copied' ? 'Copied' : 'The browser refused: select the text and copy it';
  return (
    <Tooltip label={says}>
      <ActionIcon variant="subtle" color="gray" size="sm" aria-label={says} onClick={() => void copy()}>
        <Icon size={15} />
      </ActionIcon>
    </Tooltip>
  );
}

/** Text that is meant to be taken elsewhere: a command, a token, a link. */
export function CopyLine({ text, label }: { readonly text: string; readonly label: string }) {
  return (
    <div className={classes.code}>
      <code>{text}</code>
      <CopyIcon text={text} label={label} />
    </div>
  );
}
