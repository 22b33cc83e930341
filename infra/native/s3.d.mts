export type NativeS3 = { readonly url: string; readonly data: string; stop(): Promise<void> };
export function startS3(): Promise<NativeS3>;
