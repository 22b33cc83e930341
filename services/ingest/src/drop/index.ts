export { type LiveDoor, openLiveDoor } from '../live-door.ts';
export { type DropFolder, type DropFolderOptions, startDropFolder } from './drop-folder.ts';
export type { Receipt } from './receipt.ts';
