import { Link } from '@tanstack/react-router';
import type { Names } from './audit.tsx';

/** An id by its name (`otherwise` the one that the entry gives, of things that are gone), led to its page where it has one. Ids say what they name by their prefix (src/core/kernel/ids.ts). */
export function Named({ id, names, otherwise }: { readonly id: string; readonly names: Names; readonly otherwise?: unknown }) {
  const name = names[id] ?? (typeof otherwise === 'string' && otherwise !== '' ? otherwise : undefined);
  const words = name ?? id.replace(/\b((?:[a-z]+_)?[0-9a-f]{8})[0-9a-f]{8,}\b/, '$1…');
  if (id.startsWith('host_') && names[id] !== undefined)
    return (
      <Link to="/hosts/$id" params={{ id }} title={id}>
        {words}
      </Link>
    );
  if (id.startsWith('rol_') && names[id] !== undefined)
    return (
      <Link to="/rollouts/$id" params={{ id }} title={id}>
        {words}
      </Link>
    );
  if (id.startsWith('exc_') && names[id] !== undefined)
    return (
      <Link to="/exceptions/$id" params={{ id }} title={id}>
        {words}
      </Link>
    );
  return <span title={id}>{words}</span>;
}
