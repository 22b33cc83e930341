export type NativeS3 = { readonly url: string; stop(): Promise<void> };
export function startS3(): Promise<NativeS3>;
