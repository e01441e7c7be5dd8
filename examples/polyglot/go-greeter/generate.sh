#!/bin/sh
# Makes plugin.pb.go again from the .proto file, with the generator that fits Debian's gRPC for Go.
# Debian: apt install protobuf-compiler golang-go golang-github-hashicorp-go-plugin-dev
set -eu
cd "$(dirname "$0")"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
GO111MODULE=off GOPATH=/usr/share/gocode go build -o "$out/protoc-gen-go" github.com/golang/protobuf/protoc-gen-go
PATH="$out:$PATH" protoc -I ../../../packages/polyglot/proto --go_out=plugins=grpc:"$out" hotswap/plugin/v1/plugin.proto
# In the package of the program itself: it is the only one that needs it.
sed 's/^package pluginv1$/package main/' "$out/hotswap/plugin/v1/plugin.pb.go" > plugin.pb.go
