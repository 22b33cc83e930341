/** So many ports of 127.0.0.1 that nobody has. */
export function freePorts(count: number): Promise<readonly number[]>;
