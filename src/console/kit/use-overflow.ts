import { type RefObject, useEffect, useRef, useState } from 'react';

/** Whether the content is wider than its frame. A frame that scrolls sideways cannot have a head that sticks to the page, so it scrolls only when it must. */
export function useOverflow(): readonly [RefObject<HTMLDivElement | null>, boolean] {
  const frame = useRef<HTMLDivElement>(null);
  const [overflows, setOverflows] = useState(false);
  useEffect(() => {
    const element = frame.current;
    const content = element?.firstElementChild;
    if (!element || !content) return;
    const watch = new ResizeObserver(() => setOverflows(content.scrollWidth > element.clientWidth + 1));
    watch.observe(element);
    watch.observe(content);
    return () => watch.disconnect();
  }, []);
  return [frame, overflows];
}
