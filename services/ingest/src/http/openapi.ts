import { type EventType, eventSchemas, fullType, isOwnRecord } from '@holdfast/events';
import { z } from 'zod';
import { Refused, Verdicts } from './answers.ts';
import { defaultLimits } from './limits.ts';
import { type RefusalCode, refusals } from './refusal.ts';

/** What those may send who are outside: everything but Holdfast's own records. */
const sentTypes = (Object.keys(eventSchemas) as EventType[]).filter((type) => !isOwnRecord(fullType(type)));

/** The attributes that stand in headers in binary mode. */
const attributes = ['specversion', 'id', 'source', 'subject', 'type', 'time', 'recordedtime'];

function schemaOf(schema: z.ZodType): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'output' });
  return rest;
}

const component = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const json = (name: string) => ({ 'application/json': { schema: component(name) } });
const requestId = {
  'X-Request-Id': {
    description: 'names the request; the list of rejected inputs refers to it',
    schema: { type: 'string' },
  },
};
const retryAfter = { 'Retry-After': { description: 'seconds to wait', schema: { type: 'integer', minimum: 0 } } };

/** The refusals of a status, in one answer. */
function refused(status: number): object {
  const says = Object.values(refusals).flatMap((each) => (each.status === status ? [each.says] : []));
  const headers = { ...requestId, ...(status === 429 || status === 503 ? retryAfter : {}) };
  return { description: says.join('; '), headers, content: json('Refused') };
}
const statuses = [...new Set((Object.keys(refusals) as RefusalCode[]).map((code) => refusals[code].status))];

const taken = (description: string) => ({ description, headers: requestId, content: json('Verdicts') });

/** The HTTP interface as an OpenAPI document; the schemas of events lie beside it. */
export function openApi(): object {
  const { bodyBytes, eventsPerRequest } = defaultLimits;
  return {
    openapi: '3.1.0',
    info: {
      title: 'Holdfast: sending events',
      version: '1',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths: {
      '/v1/events': {
        post: {
          operationId: 'sendEvents',
          summary: 'Send one event or several',
          description: `Each event is judged by itself, by its schema, the token and the protocol. Nothing is acknowledged before it is durable. The same event may be sent again under its id at any time. At most ${bodyBytes} bytes, also unpacked, and ${eventsPerRequest} events unless the server says otherwise.`,
          security: [{ token: [] }],
          parameters: [
            {
              name: 'Content-Encoding',
              in: 'header',
              schema: { enum: ['gzip', 'identity'] },
              description: 'how the body is packed',
            },
            ...attributes.map((name) => ({
              name: `ce-${name}`,
              in: 'header',
              schema: { type: 'string' },
              description: `binary mode: the attribute ${name}, percent-encoded; the body is then its data alone`,
            })),
          ],
          requestBody: {
            required: true,
            content: {
              'application/cloudevents+json': { schema: component('Event') },
              'application/json': { schema: { anyOf: [component('Event'), component('Events')] } },
              'application/cloudevents-batch+json': { schema: component('Events') },
              'application/x-ndjson': { schema: { type: 'string', description: 'one event a line' } },
            },
          },
          responses: {
            202: taken('all are accepted, and durable'),
            207: taken('some are accepted, and durable; the others are rejected, and listed'),
            422: taken('all are rejected, and listed'),
            ...Object.fromEntries(statuses.map((status) => [status, refused(status)])),
            500: {
              description: 'a defect of the server; the request id leads whoever runs it there',
              headers: requestId,
              content: json('Refused'),
            },
          },
        },
      },
    },
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'a secret that `holdfast token create` made' },
      },
      schemas: {
        Event: {
          description: 'a CloudEvents 1.0 event of a type of Holdfast',
          oneOf: sentTypes.map((type) => ({ $ref: `events/${type}.v1.json` })),
          discriminator: {
            propertyName: 'type',
            mapping: Object.fromEntries(sentTypes.map((type) => [fullType(type), `events/${type}.v1.json`])),
          },
        },
        Events: { type: 'array', items: component('Event') },
        Verdicts: schemaOf(Verdicts),
        Refused: schemaOf(Refused),
      },
    },
  };
}

/** As it stands in `schemas/openapi.json`. */
export const openApiFile = (): string => `${JSON.stringify(openApi(), null, 2)}\n`;
