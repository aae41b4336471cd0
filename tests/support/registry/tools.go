//go:build tools

// Package tools pins the reference container registry in go.mod, for the test of a stack's private registry.
package tools

import _ "github.com/distribution/distribution/v3/cmd/registry"
