/** What is said through a job's signal when its worker stops: the job has not failed, and is put back. */
export class Stopping extends Error {
  override readonly name = 'Stopping';
}
