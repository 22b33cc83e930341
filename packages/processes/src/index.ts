export * from './holder.ts';
export * from './lock-link.ts';
export * from './temporary-folder.ts';
