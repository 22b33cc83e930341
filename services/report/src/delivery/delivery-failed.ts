/** A message could not be sent now: trying again may help. It names hosts and codes, never an address or what was sent. */
export class DeliveryFailed extends Error {
  readonly code = 'HF_DELIVERY_FAILED';
  readonly retryable = true;
  override readonly name = 'DeliveryFailed';
}
