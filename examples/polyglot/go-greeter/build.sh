#!/bin/sh
# Builds go-greeter. Debian: apt install golang-go golang-github-hashicorp-go-plugin-dev
# With modules instead of Debian's packages: go mod init, go get github.com/hashicorp/go-plugin, go build.
set -eu
cd "$(dirname "$0")"
GO111MODULE=off GOPATH=/usr/share/gocode CGO_ENABLED=0 go build -o "${1:-go-greeter}" .
