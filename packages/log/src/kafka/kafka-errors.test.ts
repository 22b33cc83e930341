import { expect, test } from 'vitest';
import { persist } from './kafka-errors.ts';

test('patience also ends for what never answers', async () => {
  const never = () => new Promise<never>(() => undefined);
  await expect(persist('ask', 50, never)).rejects.toMatchObject({ code: 'HF_LOG_UNAVAILABLE', retryable: true });
});
