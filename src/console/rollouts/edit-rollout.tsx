export function EditRolloutPage() {
  return null;
}
