export type Step = {
  readonly is: string;
  readonly text: string;
  readonly from?: string;
  readonly sources?: readonly string[];
};
export type Stage = { readonly name: string; readonly from: string; readonly steps: readonly Step[] };
export function readStages(text: string): readonly Stage[];
