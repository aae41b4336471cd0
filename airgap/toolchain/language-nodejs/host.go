package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// errNoNode is told wherever node is needed and missing.
var errNoNode = errors.New("Node.js was not found on PATH; install it, or put the folder that holds `node` on PATH")

// host answers the engine. It knows one engine and runs one program at a time.
type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	engine string             // address of the engine's own server; empty until Handshake, if the command line lacked it
	life   context.Context    // ends when the engine cancels the host or dies
	end    context.CancelFunc // ends life
}

// Handshake tells the host where the engine is.
func (h *host) Handshake(
	_ context.Context, request *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	if h.engine == "" {
		h.engine = request.GetEngineAddress()
	}
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

// GetPluginInfo tells the host's version.
func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version}, nil
}

// Cancel ends a running program, and the host after it.
func (h *host) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	h.end()
	return &emptypb.Empty{}, nil
}

// About tells which node would run the program.
func (h *host) About(ctx context.Context, _ *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, errNoNode
	}
	printed, err := exec.CommandContext(ctx, node, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("%s --version: %w", node, err)
	}
	return &pulumirpc.AboutResponse{Executable: node, Version: strings.TrimSpace(string(printed))}, nil
}

// InstallDependencies runs the package manager that the project names, or npm.
func (h *host) InstallDependencies(
	request *pulumirpc.InstallDependenciesRequest,
	stream grpc.ServerStreamingServer[pulumirpc.InstallDependenciesResponse],
) error {
	closer, stdout, stderr, err := rpcutil.MakeInstallDependenciesStreams(stream, request.GetIsTerminal())
	if err != nil {
		return err
	}
	defer closer.Close()
	manager := option(request.GetInfo(), "packagemanager").GetStringValue()
	if manager == "" {
		manager = "npm"
	}
	install := exec.CommandContext(stream.Context(), manager, "install")
	install.Dir, install.Stdout, install.Stderr = request.GetInfo().GetProgramDirectory(), stdout, stderr
	if err := install.Run(); err != nil {
		return fmt.Errorf("%s install in %s: %w", manager, install.Dir, err)
	}
	return closer.Close()
}

// RuntimeOptionsPrompts has nothing to ask of `pulumi new`.
func (h *host) RuntimeOptionsPrompts(
	context.Context, *pulumirpc.RuntimeOptionsRequest,
) (*pulumirpc.RuntimeOptionsResponse, error) {
	return &pulumirpc.RuntimeOptionsResponse{}, nil
}

// Template has nothing to rewrite in a new project.
func (h *host) Template(context.Context, *pulumirpc.TemplateRequest) (*pulumirpc.TemplateResponse, error) {
	return &pulumirpc.TemplateResponse{}, nil
}
