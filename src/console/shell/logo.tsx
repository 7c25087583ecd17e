/** A mended F. Drawn here so that it takes no request. */
export function Logo({ size }: { readonly size: number }) {
  return (
    <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#1d4a80" />
      <path d="M9 8h14v4H13.4v3.6h7.2v4h-7.2V25H9z" fill="#fff" />
      <path d="M17.6 22.2l2.6 2.6 4.8-5.2" fill="none" stroke="#7fd6a0" strokeWidth="2.6" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
