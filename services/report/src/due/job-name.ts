/**
 * The id of a job that is about something of a trial. Ids of jobs have no dots, and a trial must not be taken for a part of another one's
 * name: `_u` is _, `_d` a dot, and `__` ends the trial.
 */
export function jobName(does: 'due' | 'send', trial: string, name: string): string {
  return `${does}-${trial.replaceAll('_', '_u').replaceAll('.', '_d')}__${name}`;
}
