import { parentPort, workerData } from 'node:worker_threads';
import { type ObjectsPlace, openObjects } from '@holdfast/objects';
import { cutPart } from './cut-parts.ts';
import type { FromThread, ToThread } from './report-threads.ts';
import { keepReport } from './stored-reports.ts';
import { whatFailed } from './what-failed.ts';

/** Entry of a thread that folds and renders: answers the calls of `report-threads.ts`, one at a time. */
const port = parentPort;
if (port === null) throw new Error('this is the entry of a worker thread');
const say = (message: FromThread) => port.postMessage(message);

const places = workerData as { readonly objects: ObjectsPlace; readonly closedObjects: ObjectsPlace };
const opened = Promise.all([openObjects(places.objects), openObjects(places.closedObjects)]);
opened.catch(() => undefined); // whoever needs it is told

async function answer(call: ToThread): Promise<string> {
  const [objects, closedObjects] = await opened;
  const shelves = { objects, closedObjects };
  if (call.do === 'fold') {
    await cutPart(shelves, call.of, call.side, call.partition);
    return '';
  }
  // What renders is loaded by who renders first: while partitions are folded it would only take processor from them.
  const { renderReport } = await import('./render-report.ts');
  const files = await renderReport(shelves, call.toMake, (text) => say({ is: 'step', text }));
  return (await keepReport({ objects, places }, files)).id;
}

port.on('message', (call: ToThread) => {
  answer(call).then(
    (report) => say({ is: 'done', report }),
    (error: unknown) => say({ is: 'failed', failure: whatFailed(error) }),
  );
});
