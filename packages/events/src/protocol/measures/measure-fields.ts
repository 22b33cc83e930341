import { type Field, fieldsOfSchema } from '../../events-page.ts';
import { Measure, type MeasureKind } from './measure.ts';

/** A kind of measure as its schema tells it: title, what it is in a sentence, its parameters. */
export type MeasureShape = {
  readonly title: string;
  readonly description: string;
  readonly fields: readonly Field[];
};

/** The kinds of measures, in the order in which protocols may name them. */
export const measureKinds: readonly MeasureKind[] = Measure.options.map(({ shape }) => shape.kind.value);

/** What the schema of a kind says of it. */
export function measureShape(kind: MeasureKind): MeasureShape {
  const schema = Measure.options.find(({ shape }) => shape.kind.value === kind);
  if (schema === undefined) throw new Error(`there is no kind of measure ${kind}`);
  const { title = '', description = '' } = schema.meta() ?? {};
  return { title, description, fields: fieldsOfSchema(schema).filter(({ path }) => path !== 'kind') };
}
