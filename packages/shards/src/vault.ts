/** What hides closed content in a shard's file: how sealed evidence is written, and by which token an arm is known. */
export type Vault = {
  protect(text: string): Uint8Array;
  reveal(bytes: Uint8Array): string;
  armToken(arm: string): string;
};
