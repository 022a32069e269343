import { freePort } from "@msec/process/testing";

/** Find TCP ports of 127.0.0.1 that nobody listens on and that no other test is given; all different. */
export async function findFreePorts(count: number): Promise<number[]> {
  return await Promise.all(Array.from({ length: count }, freePort));
}
