//go:build tools

// Package tools pins mongoimport in go.mod, so that `go build` makes the version that go.sum names.
package tools

import _ "github.com/mongodb/mongo-tools/mongoimport/main"
