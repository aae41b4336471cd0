//go:build tools

// Package tools pins docker compose in go.mod, so that `go build` makes the version that go.sum names.
package tools

import _ "github.com/docker/compose/v2/cmd"
