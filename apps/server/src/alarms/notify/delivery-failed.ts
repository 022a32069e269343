/** A message that did not get through; the reason is for people and has no secrets in it. */
export class DeliveryFailed extends Error {
  override readonly name = "DeliveryFailed";
  /** It will not get better by itself: not tried again. */
  readonly lasting: boolean;

  constructor(reason: string, lasting = false) {
    super(reason);
    this.lasting = lasting;
  }
}
