export type NativeKafka = {
  readonly brokers: readonly string[];
  /** As `kill -9` would; its data stay. */
  kill(node: number): Promise<void>;
  restart(node: number): Promise<void>;
  stop(): Promise<void>;
};
export function startKafka(options?: { readonly nodes?: number }): Promise<NativeKafka>;
