//go:build tools

// Package tools pins mongodump and mongorestore in go.mod, so that `go build` makes the version that go.sum names.
package tools

import (
	_ "github.com/mongodb/mongo-tools/mongodump/main"
	_ "github.com/mongodb/mongo-tools/mongorestore/main"
)
