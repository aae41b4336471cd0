//go:build tools

// Package tools pins the Pulumi command line in go.mod, so that `go build` makes the version that go.sum names.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
