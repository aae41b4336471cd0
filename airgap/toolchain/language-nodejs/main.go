// pulumi-language-nodejs lets the Pulumi engine run programs that use the npm package @pulumi/pulumi. It is a gRPC
// server of the service LanguageRuntime that starts node on the script which that package brings. The module of the
// published host is not served by the Go proxy; the protocol is.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// version is that of the engine, set by the build.
var version = "0.0.0"

// engineCheckInterval is how long an engine that was killed can go unnoticed.
const engineCheckInterval = 15 * time.Second

func main() {
	engine := ""
	if len(os.Args) > 1 {
		engine = os.Args[1]
	}
	if err := serve(engine); err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-language-nodejs:", err)
		os.Exit(1)
	}
}

// serve prints the port of a new server, as the engine expects, and returns when the engine cancels the host or when
// the engine at the given address is gone. A program that still runs is ended first.
func serve(engine string) error {
	life, end := context.WithCancel(context.Background())
	defer end()
	if engine != "" {
		if err := rpcutil.Healthcheck(life, engine, engineCheckInterval, end); err != nil {
			return fmt.Errorf("the engine at %s can't be watched: %w", engine, err)
		}
	}
	stop := make(chan bool)
	context.AfterFunc(life, func() { close(stop) })
	server, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: stop,
		Init: func(registrar *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(registrar, &host{engine: engine, life: life, end: end})
			return nil
		},
		Options: rpcutil.TracingServerInterceptorOptions(nil),
	})
	if err != nil {
		return err
	}
	fmt.Println(server.Port)
	return <-server.Done
}
