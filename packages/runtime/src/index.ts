export { codeDigest } from './code-digest.ts';
export {
  forgetSettings,
  type LogLevel,
  logLevels,
  readSettings,
  type Settings,
  UnusableSetting,
  withSettings,
} from './settings.ts';
export { onSignal } from './signals.ts';
export { guardClosed, type StoreFolders, storeFolders } from './store-folders.ts';
export { checkStoreFormat, StoreFormatUnknown, storeFormat } from './store-format.ts';
export { holdfastVersion } from './version.ts';
