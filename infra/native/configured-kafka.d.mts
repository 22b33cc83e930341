export type ConfiguredKafka = {
  /** A folder with the commands of Kafka that scripts call. */
  readonly tools: string;
  stop(): Promise<void>;
};
/** Starts a broker with the variables that a container of its image is given; `access` is how a client that may do everything logs in. */
export function startConfiguredKafka(
  variables: Readonly<Record<string, string>>,
  access: {
    readonly brokers: readonly string[];
    readonly sasl: { readonly mechanism: 'plain'; readonly username: string; readonly password: string };
  },
): Promise<ConfiguredKafka>;
