export { type IngestRoutesOptions, ingestRoutes, type TakenIn } from './ingest-routes.ts';
export { defaultLimits, type Limits } from './limits.ts';
