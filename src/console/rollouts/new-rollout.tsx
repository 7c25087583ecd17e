export function NewRolloutPage() {
  return null;
}
