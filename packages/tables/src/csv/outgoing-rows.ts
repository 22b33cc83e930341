/** Rows ready to be written, each with its line number as a first value. */
export type OutgoingRows = {
  add(line: number, from: Buffer, start: number, end: number): void;
  /** Everything added since the last time. */
  take(): Buffer;
};

export function outgoingRows(delimiter: number): OutgoingRows {
  let bytes = Buffer.allocUnsafe(1 << 16);
  let length = 0;
  return {
    add(line, from, start, end) {
      if (length + (end - start) + 20 > bytes.length) {
        const larger = Buffer.allocUnsafe((bytes.length + end - start) * 2);
        bytes.copy(larger, 0, 0, length);
        bytes = larger;
      }
      length += bytes.write(String(line), length, 'latin1');
      bytes[length++] = delimiter;
      length += from.copy(bytes, length, start, end);
      bytes[length++] = 0x0a;
    },
    take() {
      const taken = Buffer.from(bytes.subarray(0, length));
      length = 0;
      return taken;
    },
  };
}
