import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";
import { assertEcho, clientMain, PAYLOAD } from "../../lib/client-main.ts";

const definition = protoLoader.loadSync(fileURLToPath(new URL("../echo.proto", import.meta.url)), { keepCase: true });
interface EchoClient extends grpc.Client {
  Echo(request: { message: Buffer }, done: (error: Error | null, response: { message: Buffer }) => void): void;
}
// The loader's types do not know the names in the file.
const loaded = grpc.loadPackageDefinition(definition) as unknown as {
  echo: { EchoService: new (address: string, credentials: grpc.ChannelCredentials, options: object) => EchoClient };
};
const message = Buffer.from(PAYLOAD);

await clientMain(async (port) => {
  const client = new loaded.echo.EchoService(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
  });
  return {
    call: () =>
      new Promise<void>((resolve, reject) => {
        client.Echo({ message }, (error, response) => {
          if (error) reject(error);
          else {
            assertEcho(response.message.length);
            resolve();
          }
        });
      }),
    close: () => client.close(),
  };
});
