package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

const (
	// exitReported is the status with which the SDK's script ends when it has told the user what went wrong.
	exitReported = 32
	// gracePeriod is how long an interrupted program may take to end by itself.
	gracePeriod = 10 * time.Second
)

// Run runs the program and waits for its end. A program that fails is an answer, not an error: Bail when the user has
// been told already, else Error with the reason.
func (h *host) Run(call context.Context, request *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	command, err := h.program(request)
	if err != nil {
		return &pulumirpc.RunResponse{Error: err.Error()}, nil
	}
	// The end of the call and the end of the host both interrupt the program.
	ctx, interrupt := context.WithCancel(call)
	defer interrupt()
	defer context.AfterFunc(h.life, interrupt)()

	node := exec.CommandContext(ctx, command.path, command.arguments...)
	node.Dir, node.Env = request.GetInfo().GetProgramDirectory(), command.environment
	// Node makes its output non-blocking. On a pipe shared with this process that would lose lines, so it gets pipes of
	// its own: exec makes one for each writer that is not a file.
	node.Stdout, node.Stderr = writerOnly{os.Stdout}, writerOnly{os.Stderr}
	node.Cancel = func() error { return node.Process.Signal(os.Interrupt) }
	node.WaitDelay = gracePeriod
	err = node.Run()

	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, status.Error(codes.Canceled, "the program was interrupted")
	case err == nil, errors.Is(err, exec.ErrWaitDelay): // the latter: it ended well, its own child holds the pipes
		return &pulumirpc.RunResponse{}, nil
	case errors.As(err, &exit) && exit.ExitCode() == exitReported:
		return &pulumirpc.RunResponse{Bail: true}, nil
	case errors.As(err, &exit):
		return &pulumirpc.RunResponse{Error: "the program ended with " + exit.String()}, nil
	}
	return &pulumirpc.RunResponse{Error: "node could not be started: " + err.Error()}, nil
}

// writerOnly hides that the writer is a file.
type writerOnly struct{ io.Writer }

// command is how node is started.
type command struct {
	path        string
	arguments   []string
	environment []string
}

// program says how node runs the request's program.
func (h *host) program(request *pulumirpc.RunRequest) (*command, error) {
	info := request.GetInfo()
	path, err := exec.LookPath("node")
	if err != nil {
		return nil, errNoNode
	}
	script, err := findScript(info.GetProgramDirectory())
	if err != nil {
		return nil, err
	}
	environment, err := environment(request)
	if err != nil {
		return nil, err
	}

	arguments := append(strings.Fields(option(info, "nodeargs").GetStringValue()), script)
	for _, flag := range []struct{ name, value string }{
		{"monitor", request.GetMonitorAddress()},
		{"engine", h.engine},
		{"organization", request.GetOrganization()},
		{"project", request.GetProject()},
		{"root-directory", info.GetRootDirectory()},
		{"stack", request.GetStack()},
		{"pwd", request.GetPwd()},
		{"parallel", strconv.Itoa(int(request.GetParallel()))},
	} {
		if flag.value != "" {
			arguments = append(arguments, "--"+flag.name, flag.value)
		}
	}
	if request.GetDryRun() {
		arguments = append(arguments, "--dry-run")
	}
	entry := info.GetEntryPoint()
	if entry == "" {
		entry = "."
	}
	arguments = append(arguments, entry)
	return &command{path, append(arguments, request.GetArgs()...), environment}, nil
}

// environment is this process's, with what the SDK reads from variables.
func environment(request *pulumirpc.RunRequest) ([]string, error) {
	// The SDK wants an object and a list even where a stack has no configuration; nil would become null.
	config, secretKeys := request.GetConfig(), request.GetConfigSecretKeys()
	if config == nil {
		config = map[string]string{}
	}
	if secretKeys == nil {
		secretKeys = []string{}
	}
	configJSON, err := json.Marshal(config)
	if err != nil {
		return nil, fmt.Errorf("the stack's configuration can't be written as JSON: %w", err)
	}
	secretKeysJSON, err := json.Marshal(secretKeys)
	if err != nil {
		return nil, fmt.Errorf("the names of the stack's secrets can't be written as JSON: %w", err)
	}

	// `typescript: false` leaves the program to node itself; without the option TypeScript is compiled.
	typescript := option(request.GetInfo(), "typescript")
	compile := typescript == nil || typescript.GetBoolValue()
	variables := append(os.Environ(),
		"PULUMI_CONFIG="+string(configJSON),
		"PULUMI_CONFIG_SECRET_KEYS="+string(secretKeysJSON),
		"PULUMI_NODEJS_TYPESCRIPT="+strconv.FormatBool(compile),
	)
	if path := option(request.GetInfo(), "tsconfig").GetStringValue(); path != "" {
		variables = append(variables, "PULUMI_NODEJS_TSCONFIG_PATH="+path)
	}
	return variables, nil
}

// option is one of the `runtime.options` in Pulumi.yaml, or nil.
func option(info *pulumirpc.ProgramInfo, name string) *structpb.Value {
	return info.GetOptions().GetFields()[name]
}
