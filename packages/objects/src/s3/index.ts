export { s3ObjectStore } from './s3-object-store.ts';
export { type S3Place, s3Place } from './s3-place.ts';
