import { Button, Select, TextInput } from '@mantine/core';
import { IconArrowDown, IconSearch } from '@tabler/icons-react';
import { type CSSProperties, memo, useLayoutEffect, useRef, useState } from 'react';
import type { RolloutEventView } from '../../api/rollouts.ts';
import type { LiveLog } from '../data/event-stream.ts';
import { Empty } from '../kit/empty.tsx';
import { absolute, clockOf, withLocalTimes, ZONE_WORD } from '../kit/time.tsx';
import { ListFrame, Toolbar } from '../kit/toolbar.tsx';
import { count, counted, sentence } from '../kit/words.ts';
import classes from './rollouts.module.css';

const KINDS = [
  { value: 'steps', label: 'Without package manager output' },
  { value: 'output', label: 'Package manager output only' },
];
/** More lines than a screen can use make scrolling slow; the filter reaches the rest. */
const SHOWN_MAX = 1_000;
/** Within this many pixels of the end counts as being at the end. */
const END_PX = 40;
const STATE = { connecting: 'Connecting …', live: 'Live', reconnecting: 'Connection lost; trying again …' } as const;

/** The live log follows its end until the reader scrolls up, and says so. */
export function RolloutLog({ log, ended }: { readonly log: LiveLog; readonly ended: boolean }) {
  const [text, setText] = useState('');
  const [kind, setKind] = useState<string | null>(null);
  const [follows, setFollows] = useState(true);
  const box = useRef<HTMLDivElement>(null);
  const words = text.trim().toLowerCase();
  const matching = log.lines.filter(
    line =>
      (kind === null || (kind === 'output') === (line.kind === 'output')) &&
      (words === '' || line.text.toLowerCase().includes(words) || line.hostName?.toLowerCase().includes(words)),
  );
  const shown = matching.slice(-SHOWN_MAX);
  const end = shown.at(-1)?.sequence;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new last line is what moves the end
  useLayoutEffect(() => {
    if (follows && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [end, follows]);
  return (
    <ListFrame>
      <Toolbar
        aside={
          !follows && (
            <Button variant="default" leftSection={<IconArrowDown size={14} />} onClick={() => setFollows(true)}>
              Follow the end
            </Button>
          )
        }
      >
        <TextInput
          w={240}
          aria-label="Filter by host or words"
          placeholder="Filter by host or words"
          leftSection={<IconSearch size={14} aria-hidden />}
          value={text}
          onChange={event => setText(event.currentTarget.value)}
        />
        <Select
          w={240}
          aria-label="All lines"
          placeholder="All lines"
          clearable
          clearButtonProps={{ 'aria-label': 'Show all lines' }}
          data={KINDS}
          value={kind}
          onChange={setKind}
        />
      </Toolbar>
      <div
        className={classes.log}
        ref={box}
        role="log"
        aria-label="Log of the rollout"
        style={{ '--hosts': hostWidth(shown) } as CSSProperties}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be in reach of the keyboard (WCAG 2.1.1)
        tabIndex={0}
        onScroll={event => {
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
          setFollows(scrollHeight - scrollTop - clientHeight < END_PX);
        }}
      >
        {shown.length === 0 ? (
          <Empty title={log.lines.length === 0 ? 'Nothing has happened yet' : 'No line matches'}>
            {log.lines.length === 0 ? 'Each step of the rollout and of every host appears here as it happens.' : 'Change the filter.'}
          </Empty>
        ) : (
          shown.map(line => <Line key={line.sequence} line={line} />)
        )}
      </div>
      <div className={classes.logFoot}>
        <span role="status">{ended && log.state === 'live' ? 'Ended' : STATE[log.state]}</span>
        <span>
          times in {ZONE_WORD}, {shown.length < matching.length && `last ${count(shown.length)} of `}
          {counted(matching.length, 'line')}
          {log.dropped > 0 && `, ${count(log.dropped)} earlier ones let go`}
        </span>
      </div>
    </ListFrame>
  );
}

/** The longest name decides how wide the column is; a short one leaves the room to the words. */
function hostWidth(lines: readonly RolloutEventView[]): number {
  return lines.reduce((most, { hostName }) => Math.max(most, hostName?.length ?? 0), 4);
}

const Line = memo(function Line({ line }: { readonly line: RolloutEventView }) {
  return (
    <div className={classes.line} data-kind={line.kind}>
      <span title={absolute(line.at)}>{clockOf(line.at)}</span>
      <span title={line.hostName ?? undefined}>{line.hostName ?? ''}</span>
      <span>{line.kind === 'output' ? line.text.trimEnd() : sentence(withLocalTimes(line.text.trimEnd()))}</span>
    </div>
  );
});
