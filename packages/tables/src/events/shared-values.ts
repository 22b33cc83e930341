import type { DuckDBConnection } from '@duckdb/node-api';
import { isEvent } from '../select/selected.ts';
import { readData } from './event-data.ts';

/** Data that several events share, at most; what else there is crosses with each event. */
const mostData = 65_536;

/**
 * What many events share, so that it crosses from DuckDB once and each event names it by number: texts are what crossing costs. The
 * tables `holdfast.participant`, `holdfast.sender` and `holdfast.shared` give the numbers, which are places in these lists.
 */
export type SharedValues = {
  readonly participants: readonly { readonly trial: string; readonly subject: string }[];
  readonly sources: readonly string[];
  readonly data: readonly unknown[];
};

export async function sharedValues(connection: DuckDBConnection): Promise<SharedValues> {
  const texts = async (sql: string) => (await connection.runAndReadAll(sql)).getRows().map((row) => row.map(String));
  await connection.run(`create table holdfast.participant as
    select (row_number() over (order by trial, subject) - 1)::INTEGER as participant, trial, subject
    from (select distinct trial, subject from holdfast.selected where ${isEvent})`);
  await connection.run(`create table holdfast.sender as
    select (row_number() over (order by trial, origin) - 1)::INTEGER as sender, trial, origin
    from (select distinct trial, origin from holdfast.selected where ${isEvent})`);
  await connection.run(`create table holdfast.shared as
    select (row_number() over () - 1)::INTEGER as shared, data
    from (select data from holdfast.selected where ${isEvent} group by data having count(*) > 1 order by count(*) desc limit ${mostData})`);
  const participants = await texts('select trial, subject from holdfast.participant order by participant');
  const sources = await texts("select concat('/trials/', trial, '/', origin) from holdfast.sender order by sender");
  const data = await texts('select data from holdfast.shared order by shared');
  return {
    participants: participants.map(([trial = '', subject = '']) => ({ trial, subject })),
    sources: sources.map(([source = '']) => source),
    data: data.map(([text = '']) => readData(text)),
  };
}
