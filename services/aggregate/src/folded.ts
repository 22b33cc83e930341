/** What a shard has committed and published: where it stands, and what it took to get there. Nothing in it depends on what events say. */
export type Folded = {
  readonly trial: string;
  readonly partition: number;
  /** Everything before it is committed and published. */
  readonly offset: number;
  readonly owner: string;
  /** The sequence of the differences or the claim that readers find it under. */
  readonly sequence: number;
  /** The batch; undefined for a claim alone. */
  readonly batch: { readonly first: number; readonly records: number; readonly milliseconds: number } | undefined;
};
