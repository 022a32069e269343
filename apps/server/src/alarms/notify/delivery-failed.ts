/** A message that did not get through; the reason is for people and has no secrets in it. */
export class DeliveryFailed extends Error {
  override readonly name = "DeliveryFailed";
  /** It will not get better by itself: not tried again. */
  readonly lasting: boolean;
  /** The body of the answer by which the other side refused, where there was one; it may have secrets in it. */
  readonly answer: string | undefined;

  constructor(reason: string, lasting = false, answer?: string) {
    super(reason);
    this.lasting = lasting;
    this.answer = answer;
  }
}
