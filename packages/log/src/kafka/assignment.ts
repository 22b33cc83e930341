import kafkajs from 'kafkajs';
import { shareOut } from '../share.ts';

/** The name of our way of sharing, which all members of a group must speak. */
export const protocol = 'holdfast-1';

/** What a member says when it joins: the partitions that it has. */
export function metadataOf(topic: string, owned: Iterable<number>): Buffer {
  const userData = Buffer.from(JSON.stringify([...owned]));
  return kafkajs.AssignerProtocol.MemberMetadata.encode({ version: 0, topics: [topic], userData });
}

function ownedIn(metadata: Buffer): readonly number[] {
  const { userData } = kafkajs.AssignerProtocol.MemberMetadata.decode(metadata) ?? {};
  return userData?.length ? (JSON.parse(userData.toString()) as number[]) : [];
}

/**
 * Shares the partitions anew. One that moves goes to nobody at first: whoever has it gives it back and joins again, and only then
 * does another get it. So a member never waits for others and goes on with what it keeps.
 */
export function assign(
  topic: string,
  partitions: number,
  members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[],
): { memberId: string; memberAssignment: Buffer }[] {
  const owners = new Map(
    members.flatMap(({ memberId, memberMetadata }) =>
      ownedIn(memberMetadata).map((partition) => [partition, memberId] as const),
    ),
  );
  const memberIds = members.map(({ memberId }) => memberId).sort();
  const shares = shareOut(partitions, memberIds, owners);
  return memberIds.map((memberId) => {
    const given = [...shares].flatMap(([partition, to]) =>
      to === memberId && (owners.get(partition) ?? to) === to ? [partition] : [],
    );
    return {
      memberId,
      memberAssignment: kafkajs.AssignerProtocol.MemberAssignment.encode({
        version: 0,
        assignment: { [topic]: given },
        userData: Buffer.alloc(0),
      }),
    };
  });
}

export function assignedIn(topic: string, assignment: Buffer): readonly number[] {
  return kafkajs.AssignerProtocol.MemberAssignment.decode(assignment)?.assignment[topic] ?? [];
}
