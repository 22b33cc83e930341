/**
 * Shares partitions 0 … n − 1 evenly among members: nobody has two more than another. As few as possible move: a member keeps what it has
 * up to its even share.
 */
export function shareOut<Member>(
  partitions: number,
  members: readonly Member[],
  owners: ReadonlyMap<number, Member>,
): Map<number, Member> {
  const shares = new Map<number, Member>();
  if (members.length === 0) return shares;
  const held = new Map(members.map((member) => [member, 0]));
  const least = Math.floor(partitions / members.length);
  let odd = partitions % members.length;

  /** Whether the member may have one more; the odd partitions go one each. */
  function take(member: Member): boolean {
    const has = held.get(member);
    if (has === undefined || has > least || (has === least && odd === 0)) return false;
    if (has === least) odd -= 1;
    held.set(member, has + 1);
    return true;
  }

  const free: number[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const owner = owners.get(partition);
    if (owner !== undefined && take(owner)) shares.set(partition, owner);
    else free.push(partition);
  }
  for (const member of members) {
    while (free.length > 0 && (held.get(member) ?? 0) < least && take(member))
      shares.set(free.shift() as number, member);
  }
  for (const member of members) if (free.length > 0 && take(member)) shares.set(free.shift() as number, member);
  return shares;
}
