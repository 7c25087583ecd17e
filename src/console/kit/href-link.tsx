import { useRouter } from '@tanstack/react-router';
import type { MouseEvent, ReactNode } from 'react';

/** A link whose address the server wrote. Addresses that are not a path of the console are shown as words. */
export function HrefLink({ href, children }: { readonly href: string; readonly children: ReactNode }) {
  const router = useRouter();
  if (!/^\/(?![/\\])/.test(href)) return <span>{children}</span>;
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    router.history.push(href);
  };
  return (
    <a href={href} onClick={follow}>
      {children}
    </a>
  );
}
