export type NativeKafka = {
  readonly brokers: readonly string[];
  /** As `kill -9` would; its data stay. */
  kill(node: number): Promise<void>;
  /** Its connections stay open and nothing answers, until it is thawed. */
  freeze(node: number): void;
  thaw(node: number): void;
  restart(node: number): Promise<void>;
  stop(): Promise<void>;
};
export function startKafka(options?: { readonly nodes?: number }): Promise<NativeKafka>;
