import { Text } from '@mantine/core';
import { count } from '../kit/words.ts';
import classes from './overview.module.css';
import type { OverviewView } from './overview.tsx';

type Curve = NonNullable<OverviewView['timeToPatch']>;
const WIDTH = 320;
const HEIGHT = 104;
const LEFT = 40;
const BOTTOM = 16;
const TOP = 6;

const days = (value: number) => `${value < 10 ? value.toFixed(1) : Math.round(value)} days`;
const after = (value: number | null) => (value === null ? 'not yet' : `after ${days(value)}`);

/** Two to five round numbers, 0 among them. */
function ticksUpTo(last: number): number[] {
  const magnitude = 10 ** Math.floor(Math.log10(last));
  const step = [0.25, 0.5, 1, 2].map(factor => factor * magnitude).find(size => last / size < 5) ?? magnitude * 2.5;
  return Array.from({ length: Math.floor(last / step) + 1 }, (_, at) => at * step);
}

/** Share of findings still open by days since the fix came out: a survival curve, so that what is open now counts too. */
export function TimeToPatch({ data }: { readonly data: Curve }) {
  const last = Math.max(1, ...data.curve.map(point => point.days));
  const x = (day: number) => LEFT + (day / last) * (WIDTH - LEFT - 6);
  const y = (share: number) => TOP + (1 - share) * (HEIGHT - TOP - BOTTOM);
  const path = data.curve
    .map((point, index) => (index === 0 ? `M${x(point.days)} ${y(point.openShare)}` : `H${x(point.days)}V${y(point.openShare)}`))
    .join('');
  const summary = `Half are fixed: ${after(data.medianDays)}. Nine of ten: ${after(data.ninetiethDays)}.`;
  return (
    <div className={classes.body}>
      <Text size="sm">
        Half are fixed <b>{after(data.medianDays)}</b>, nine of ten <b>{after(data.ninetiethDays)}</b>.
      </Text>
      <svg
        className={classes.curve}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`Share of findings still open by days since a fix was available. ${summary}`}
      >
        {[0, 0.5, 1].map(share => (
          <g key={share}>
            <line className={share === 0.5 ? classes.half : classes.axis} x1={LEFT} x2={WIDTH - 6} y1={y(share)} y2={y(share)} />
            <text x={LEFT - 5} y={y(share) + 3.5} textAnchor="end">
              {share * 100} %
            </text>
          </g>
        ))}
        {ticksUpTo(last).map((day, index, { length }) => (
          <text key={day} x={x(day)} y={HEIGHT - 3} textAnchor={day === 0 ? 'start' : day > last * 0.9 ? 'end' : 'middle'}>
            {index === length - 1 ? `${day} days` : day}
          </text>
        ))}
        <path className={classes.line} d={path} />
      </svg>
      <Text size="xs" c="dimmed">
        {count(data.events)} fixes, {count(data.open)} still open.
        {data.naiveMeanDays !== null &&
          ` A plain mean of the fixes would say ${days(data.naiveMeanDays)}: it leaves out what is still open.`}
        {data.net !== null &&
          ` Net, with ${count(data.net.censored)} excepted ones watched until their exception only: half ${after(data.net.medianDays)}, nine of ten ${after(data.net.ninetiethDays)}.`}
      </Text>
      <details className={classes.basis}>
        <summary>How it is computed</summary>
        {data.basis}
      </details>
    </div>
  );
}
