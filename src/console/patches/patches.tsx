export function PatchesPage() {
  return null;
}
