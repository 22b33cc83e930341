export type NativeRedis = {
  readonly url: string;
  /** As `kill -9` would; nothing is kept. */
  kill(): Promise<void>;
  /** Its connections stay open and nothing answers, until it is thawed. */
  freeze(): void;
  thaw(): void;
  restart(): Promise<void>;
  /** All that it holds is gone at once. */
  empty(): Promise<void>;
  stop(): Promise<void>;
};
export function redisProgram(): string | undefined;
export function startRedis(options?: { readonly policy?: string }): Promise<NativeRedis>;
