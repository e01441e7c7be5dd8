#!/bin/sh
# Makes generated/ again from the .proto files. Debian: apt install python3-grpc-tools
set -eu
cd "$(dirname "$0")"
proto=../../../packages/polyglot/proto
rm -rf generated && mkdir generated
/usr/bin/python3 -m grpc_tools.protoc -I "$proto" --python_out=generated --grpc_python_out=generated \
  hotswap/plugin/v1/plugin.proto grpc/health/v1/health.proto go_plugin/plugin.proto
# The packages of gRPC itself are called grpc too: the health stubs stand outside any package.
mv generated/grpc/health/v1/health_pb2.py generated/health_pb2.py
sed 's/from grpc.health.v1 import health_pb2 as grpc_dot_health_dot_v1_dot_health__pb2/import health_pb2 as grpc_dot_health_dot_v1_dot_health__pb2/' \
  generated/grpc/health/v1/health_pb2_grpc.py > generated/health_pb2_grpc.py
rm -r generated/grpc
