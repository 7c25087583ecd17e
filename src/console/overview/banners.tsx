import { Text } from '@mantine/core';
import { HrefLink } from '../kit/href-link.tsx';
import kit from '../kit/kit.module.css';
import { Glyph } from '../kit/mark.tsx';
import { Worded } from '../kit/worded.tsx';
import type { OverviewView } from './overview.tsx';

const TONE = { info: 'info', warning: 'warn', danger: 'bad' } as const;

/** Standing warnings: an empty or stale feed is said aloud, never shown as zero findings. */
export function Banners({ banners }: { readonly banners: OverviewView['banners'] }) {
  return banners.map(banner => (
    <div key={banner.title} className={kit.note} data-tone={TONE[banner.level]} role="status">
      <Glyph shape={banner.level === 'info' ? 'waiting' : 'attention'} tone={TONE[banner.level]} />
      <Text size="sm" className="prose">
        <b>{banner.title}.</b> <Worded text={banner.text} /> {banner.href && <HrefLink href={banner.href}>Look at it</HrefLink>}
      </Text>
    </div>
  ));
}
