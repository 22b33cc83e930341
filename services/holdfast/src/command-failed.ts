/** A command could not do what it says: one clear line for standard error, and exit code 1. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}
