export * from './object-errors.ts';
export { checkKey, checkPrefix } from './object-key.ts';
export * from './object-store.ts';
export { type ObjectsPlace, openObjects } from './open-objects.ts';
