import { Toned } from './mark.tsx';

/** `libssl3:amd64`; a line may break before the colon and nowhere else. */
export function PackageName({ name, arch }: { readonly name: string; readonly arch: string }) {
  return (
    <>
      {name}
      <wbr />
      <span style={{ whiteSpace: 'nowrap' }}>
        <Toned tone="quiet">:{arch}</Toned>
      </span>
    </>
  );
}
