//go:build peers

// Package interop pins the versions of gRPC's interop programs for Go. `setup` builds them as foreign peers.
package interop

import (
	_ "google.golang.org/grpc/interop/client"
	_ "google.golang.org/grpc/interop/server"
)
