import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";
import { serverPort } from "../../lib/client-main.ts";

const definition = protoLoader.loadSync(fileURLToPath(new URL("../echo.proto", import.meta.url)), { keepCase: true });
// The loader's types do not know the names in the file.
const loaded = grpc.loadPackageDefinition(definition) as unknown as {
  echo: { EchoService: { service: grpc.ServiceDefinition } };
};
const server = new grpc.Server();
server.addService(loaded.echo.EchoService.service, {
  Echo(call: grpc.ServerUnaryCall<{ message: Buffer }, unknown>, done: grpc.sendUnaryData<unknown>) {
    done(null, { message: call.request.message });
  },
});
server.bindAsync(`127.0.0.1:${serverPort()}`, grpc.ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  console.log("ready");
});
