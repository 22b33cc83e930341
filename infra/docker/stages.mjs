// What a Dockerfile says, as far as ours says anything: an instruction that is not known here is an error, never left out.
import { DockerfileParser } from 'dockerfile-ast';

const words = (instruction) => instruction.getArguments().map((word) => word.getValue());
const json = (text) => {
  const list = JSON.parse(text);
  if (!Array.isArray(list))
    throw new Error(`${text} is no list: write commands as JSON, so that no shell stands between`);
  return list;
};

function stepOf(instruction) {
  const is = instruction.getKeyword();
  const said = instruction.getArgumentsContent() ?? '';
  const flags = (instruction.getFlags?.() ?? []).map((flag) => [flag.getName(), flag.getValue()]);
  const text = `${is} ${said.split('\n')[0]}`;
  const only = (...names) => {
    const other = flags.find(([name]) => !names.includes(name));
    if (other) throw new Error(`${is} --${other[0]}: not known here`);
  };
  switch (is) {
    case 'RUN':
      only();
      return { is, text, script: instruction.getArgumentsContent() };
    case 'COPY': {
      only('from');
      const all = words(instruction);
      return { is, text, from: Object.fromEntries(flags).from, sources: all.slice(0, -1), to: all.at(-1) };
    }
    case 'WORKDIR':
      return { is, text, path: said };
    case 'ENV': {
      const named = instruction.getProperties().map((property) => [property.getName(), property.getValue()]);
      return { is, text, sets: ({ env }) => ({ env: { ...env, ...Object.fromEntries(named) } }) };
    }
    case 'USER':
      return { is, text, sets: () => ({ user: said }) };
    case 'VOLUME':
      return { is, text, sets: ({ volumes }) => ({ volumes: [...volumes, said] }) };
    case 'EXPOSE':
    case 'STOPSIGNAL':
      return { is, text, sets: () => ({ [is.toLowerCase()]: said }) };
    case 'HEALTHCHECK': {
      only('interval', 'timeout', 'start-period', 'retries');
      const command = /CMD\s+(\[.*\])$/s.exec(said)?.[1];
      if (command === undefined && said !== 'NONE') throw new Error(`HEALTHCHECK ${said}: not known here`);
      return { is, text, sets: () => ({ health: command && json(command) }) };
    }
    case 'ENTRYPOINT':
      return { is, text, sets: () => ({ entrypoint: json(said), command: [] }) };
    case 'CMD':
      return { is, text, sets: () => ({ command: json(said) }) };
    default:
      throw new Error(`${is}: not known here`);
  }
}

/** The stages in their order, each with its steps. */
export function readStages(text) {
  const stages = [];
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    if (instruction.getKeyword() !== 'FROM') {
      const stage = stages.at(-1);
      if (stage === undefined) throw new Error(`${instruction.getKeyword()} before the first FROM: not known here`);
      stage.steps.push(stepOf(instruction));
      continue;
    }
    const name = instruction.getBuildStage();
    if (name === null) throw new Error(`FROM ${instruction.getImage()} has no name; write AS NAME`);
    stages.push({ name, from: instruction.getImage(), steps: [] });
  }
  return stages;
}
