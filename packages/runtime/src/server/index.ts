export { type Check, type CheckResult, type HttpServerOptions, httpServer } from './http-server.ts';
export { type Running, startInOrder, type UntilSignalled, untilSignalled } from './life-cycle.ts';
export { type Logger, type LoggerOptions, loggable, openLogger } from './logger.ts';
export { Counter, Gauge, Histogram, type Metrics, openMetrics } from './metrics.ts';
