import { openVault, trialVault } from '@holdfast/access';
import { protocolUpTo } from '@holdfast/aggregate';
import { byMeasure, type ReportSource, templates } from '@holdfast/reports';
import { addUp, noTallies } from '@holdfast/tallies';
import type { CutOfReport } from './cut-of-report.ts';
import { type CutPart, dealtTo } from './cut-parts.ts';
import { wholeFlow } from './participant-flow.ts';
import type { AskedReport, Sight } from './sight.ts';
import { siteFigures } from './site-figures.ts';

/** What a report is made of, from all parts of its cut. */
export function reportSource(
  { cut, protocol: whole, key }: CutOfReport,
  asked: AskedReport,
  { side, unsealed, conductByArm, withheld }: Sight,
  parts: readonly CutPart[],
): ReportSource {
  const protocol = protocolUpTo(whole, cut.cutOff ?? undefined);
  const { byArm, ofSite } = templates[asked.kind];
  const isDouble = protocol.blinding === 'double';
  const vault = side.is === 'closed' && key !== undefined ? trialVault(key) : openVault;
  const arms = protocol.arms.map(({ id }) => id);
  const flows = parts.map(({ flow }) => flow);
  const dealt = side.is === 'dummy' ? dealtTo(protocol, flows, side.seed) : undefined;
  const armOf = (participant: string, token: string | undefined) =>
    dealt === undefined ? token && vault.armName(token, arms) : dealt.get(participant);
  const isOfSite = (site: string | undefined) => !ofSite || site === asked.site;
  return {
    protocol: ofSite ? { ...protocol, sites: protocol.sites.filter(isOfSite) } : protocol,
    ...{ byArm, conductByArm, withheld },
    token: (arm) => vault.armToken(arm),
    tallies: byMeasure(addUp(noTallies, ...parts.map(({ tallies }) => tallies))),
    flow: wholeFlow(flows)
      .map(({ participant, flow }) => ({ ...flow, arm: armOf(participant, flow.arm) }))
      .filter(({ site }) => isOfSite(site)),
    tells: (type) => !isDouble || unsealed || !protocol.closed.includes(type),
    sites: siteFigures(
      protocol,
      parts.map(({ sites }) => sites),
    ).filter(({ site }) => isOfSite(site)),
    unreadable: parts.reduce((sum, { unreadable }) => sum + unreadable, 0),
    hidesSmallCells: isDouble && !unsealed && !ofSite,
  };
}
