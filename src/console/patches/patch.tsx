export function PatchPage() {
  return null;
}
