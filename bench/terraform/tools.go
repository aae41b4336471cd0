//go:build tools

// Package tools pins the Docker provider in go.mod, so that `go build` makes the version that go.sum names.
package tools

import _ "github.com/terraform-providers/terraform-provider-docker"
