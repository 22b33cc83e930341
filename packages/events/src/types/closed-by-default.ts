/** The event types that are closed in every double-blind trial, whatever their data says. */
export const closedByDefault: readonly string[] = [
  'arm-assigned',
  'dose-given',
  'therapy-session',
  'allocation-guess',
  'unblinding',
];
