/**
 * A webhook that could not be asked, or whose answer is unusable. `failurePolicy` decides what becomes of the request;
 * the message is what stands after `failed calling webhook "name": `.
 */
export class WebhookFailure extends Error {
  constructor(message: string, options?: {cause?: unknown}) {
    super(message, options);
    this.name = 'WebhookFailure';
  }
}
