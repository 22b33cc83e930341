export { forgetSettings, type LogLevel, logLevels, readSettings, type Settings, UnusableSetting } from './settings.ts';
export { onSignal } from './signals.ts';
export { type StoreFolders, storeFolders } from './store-folders.ts';
export { checkStoreFormat, StoreFormatUnknown, storeFormat } from './store-format.ts';
