/** Who asks for numbers by arm, of what kind of trial, and when. */
export type ByArmQuestion = {
  readonly blinding: 'open' | 'double';
  /** Whether the trial's private key was given. */
  readonly hasKey: boolean;
  /** Whether the last day of every measure's horizon lies behind every participant, as at the end of a trial. */
  readonly allHorizonsPassed: boolean;
  readonly what: 'efficacy' | 'safety';
};

/** `reason` is a sentence for the statistician who asked. */
export type ByArmVerdict = { readonly allowed: true } | { readonly allowed: false; readonly reason: string };

/** Whether numbers by arm may be shown. The one place where this is decided, for every page, command, alert and report. */
export function mayShowByArm({ blinding, hasKey, allHorizonsPassed, what }: ByArmQuestion): ByArmVerdict {
  if (blinding === 'open') return { allowed: true };
  if (!hasKey) {
    return {
      allowed: false,
      reason:
        "This trial is double-blind: numbers by arm need the trial's key, given by --key FILE or HOLDFAST_KEY. Without it they are shown for all arms together.",
    };
  }
  if (what === 'efficacy' && !allHorizonsPassed) {
    return {
      allowed: false,
      reason:
        'This double-blind trial is still running: efficacy by arm is shown only at a look that the protocol names, on a signed data cut, even to who holds the key. By-arm safety can be shown now; by-arm efficacy can once every participant has passed the horizon of every measure.',
    };
  }
  return { allowed: true };
}
