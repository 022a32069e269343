import type { ChannelRow, ChannelSecrets } from "./channel.ts";
import { DeliveryFailed } from "./delivery-failed.ts";
import type { SecretBox } from "./secret-box.ts";

/** The text in which a channel's secrets are kept. */
export function sealSecrets(secrets: ChannelSecrets, box: SecretBox): string {
  return box.seal(JSON.stringify(secrets));
}

/** A channel's secrets; `undefined` where they were sealed with another key. */
export function findSecrets(row: ChannelRow, box: SecretBox): ChannelSecrets | undefined {
  const text = box.open(row.secrets);
  return text === undefined ? undefined : (JSON.parse(text) as ChannelSecrets);
}

/** A channel's secrets. @throws DeliveryFailed where they were sealed with another key */
export function secretsFromRow(row: ChannelRow, box: SecretBox): ChannelSecrets {
  const secrets = findSecrets(row, box);
  if (secrets === undefined) {
    throw new DeliveryFailed("the channel's secrets were encrypted with another key; enter them again", true);
  }
  return secrets;
}
