import type { DescMethod, DescMethodUnary } from '@bufbuild/protobuf';

/** An echo by gRPC with no message format: what comes are the bytes. */
export const grpcEcho = {
  echo: {
    path: '/bench.Echo/Echo',
    requestStream: false,
    responseStream: false,
    requestSerialize: (bytes: Buffer) => bytes,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: (bytes: Buffer) => bytes,
    responseDeserialize: (bytes: Buffer) => bytes,
  },
} as const;

/** The same for Connect, whose messages are described without a code generator. */
export async function connectEcho(): Promise<DescMethodUnary> {
  const { create, createFileRegistry } = await import('@bufbuild/protobuf');
  const wkt = await import('@bufbuild/protobuf/wkt');
  const [type, label] = [wkt.FieldDescriptorProto_Type.STRING, wkt.FieldDescriptorProto_Label.OPTIONAL];
  const file = create(wkt.FileDescriptorProtoSchema, {
    name: 'bench.proto',
    package: 'bench',
    syntax: 'proto3',
    messageType: [{ name: 'Text', field: [{ name: 'value', number: 1, jsonName: 'value', type, label }] }],
    service: [{ name: 'Echo', method: [{ name: 'Echo', inputType: '.bench.Text', outputType: '.bench.Text' }] }],
  });
  const service = createFileRegistry(create(wkt.FileDescriptorSetSchema, { file: [file] })).getService('bench.Echo');
  const method = service?.methods.find(isUnary);
  if (method === undefined) throw new Error('the service was described wrongly');
  return method;
}

function isUnary(method: DescMethod): method is DescMethodUnary {
  return method.methodKind === 'unary';
}
