// Bare grpc-js: an echo of bytes on a unix socket, that ends with its host.
const { Server, ServerCredentials } = require('@grpc/grpc-js');

const asIs = (bytes) => bytes;
const server = new Server();
const service = {
  Echo: {
    path: '/echo.Echo/Echo',
    requestStream: false,
    responseStream: false,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  },
};
server.addService(service, { Echo: (call, answer) => answer(null, call.request) });
server.bindAsync(`unix:${process.argv[2]}`, ServerCredentials.createInsecure(), () => console.log('listens'));
process.stdin.on('end', () => process.exit(0)).resume();
