export * from './holder.ts';
export * from './lock-link.ts';
