export { type IngestRoutesOptions, ingestRoutes } from './ingest-routes.ts';
export { defaultLimits, type Limits } from './limits.ts';
