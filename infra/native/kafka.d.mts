export type NativeKafka = {
  readonly brokers: readonly string[];
  /** Where the brokers are by each of the other ways. */
  readonly ways: readonly (readonly string[])[];
  /** Where a node keeps its data. */
  folder(node: number): string;
  /** As `kill -9` would; its data stay. */
  kill(node: number): Promise<void>;
  /** Its connections stay open and nothing answers, until it is thawed. */
  freeze(node: number): void;
  thaw(node: number): void;
  restart(node: number): Promise<void>;
  stop(): Promise<void>;
};
/** Another way to the brokers: told where a broker listens for it, it answers where clients are to connect. */
export type Way = (address: string, node: number) => Promise<string>;
export function startKafka(options?: { readonly nodes?: number; readonly ways?: readonly Way[] }): Promise<NativeKafka>;
