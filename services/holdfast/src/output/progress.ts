/** Tells how a long piece of work goes on, on standard error: one line that is rewritten on a terminal, now and then a line elsewhere. */
export interface Progress {
  step(text: string): void;
  done(): void;
}

export function progressOn(stream: NodeJS.WriteStream, everyMs = stream.isTTY ? 100 : 5_000): Progress {
  let last = Date.now();
  let open = false;
  return {
    step(text) {
      if (Date.now() - last < everyMs) return;
      last = Date.now();
      open = stream.isTTY;
      stream.write(stream.isTTY ? `\r\x1b[2K${text}` : `${text}\n`);
    },
    done() {
      if (open) stream.write('\r\x1b[2K');
      open = false;
    },
  };
}
