export { type IngestRoutesOptions, ingestRoutes, type Taken } from './ingest-routes.ts';
export { defaultLimits, type Limits } from './limits.ts';
