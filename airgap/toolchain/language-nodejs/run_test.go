package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// program makes a folder with an installed SDK, puts a stand-in for node on PATH that is the given shell script, and
// returns a host and the request to run the program there.
func program(t *testing.T, node string, options map[string]any) (*host, *pulumirpc.RunRequest) {
	t.Helper()
	folder := t.TempDir()
	write(t, filepath.Join(folder, "node_modules/@pulumi/pulumi/cmd/run/index.js"), "")
	write(t, filepath.Join(folder, "bin/node"), "#!/bin/sh\n"+node)
	t.Setenv("PATH", filepath.Join(folder, "bin")+":"+os.Getenv("PATH"))
	given, err := structpb.NewStruct(options)
	if err != nil {
		t.Fatal(err)
	}
	life, end := context.WithCancel(context.Background())
	t.Cleanup(end)
	return &host{engine: "engine:1", life: life, end: end}, &pulumirpc.RunRequest{
		MonitorAddress: "monitor:2",
		Info:           &pulumirpc.ProgramInfo{ProgramDirectory: folder, Options: given},
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestAnswersWithTheProgramsEnd(t *testing.T) {
	for name, test := range map[string]struct {
		node   string
		answer *pulumirpc.RunResponse
	}{
		"success":                   {"exit 0", &pulumirpc.RunResponse{}},
		"failure told by the SDK":   {"exit 32", &pulumirpc.RunResponse{Bail: true}},
		"failure that nobody told":  {"exit 7", &pulumirpc.RunResponse{Error: "the program ended with exit status 7"}},
		"a child that keeps output": {"sleep 1 & exit 0", &pulumirpc.RunResponse{}},
	} {
		t.Run(name, func(t *testing.T) {
			host, request := program(t, test.node, nil)
			answer, err := host.Run(t.Context(), request)
			if err != nil || answer.String() != test.answer.String() {
				t.Errorf("got %v, %v; want %v", answer, err, test.answer)
			}
		})
	}
}

func TestTellsWhereTheSDKIsMissing(t *testing.T) {
	host, request := program(t, "exit 0", nil)
	folder := t.TempDir()
	request.Info.ProgramDirectory = folder
	answer, err := host.Run(t.Context(), request)
	want := "the npm package @pulumi/pulumi is not installed in " + folder + "; run `npm ci` there"
	if err != nil || answer.GetError() != want {
		t.Errorf("got %q, %v; want %q", answer.GetError(), err, want)
	}
}

func TestTellsThatNodeIsMissing(t *testing.T) {
	host, request := program(t, "exit 0", nil)
	t.Setenv("PATH", t.TempDir())
	answer, err := host.Run(t.Context(), request)
	if err != nil || answer.GetError() != errNoNode.Error() {
		t.Errorf("got %q, %v; want %q", answer.GetError(), err, errNoNode)
	}
}

func TestPassesConfigurationAndOptions(t *testing.T) {
	host, request := program(t, "exit 0", map[string]any{"typescript": false, "nodeargs": "--trace-warnings --no-addons"})
	command, err := host.program(request)
	if err != nil {
		t.Fatal(err)
	}
	// A stack without configuration: an object and a list, not null.
	for _, variable := range []string{"PULUMI_CONFIG={}", "PULUMI_CONFIG_SECRET_KEYS=[]", "PULUMI_NODEJS_TYPESCRIPT=false"} {
		if !slices.Contains(command.environment, variable) {
			t.Errorf("%s is not in the environment", variable)
		}
	}
	script := filepath.Join(request.Info.ProgramDirectory, "node_modules/@pulumi/pulumi/cmd/run/index.js")
	want := "--trace-warnings --no-addons " + script + " --monitor monitor:2 --engine engine:1 --parallel 0 ."
	if got := strings.Join(command.arguments, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestCancelInterruptsTheProgram(t *testing.T) {
	host, request := program(t, `trap 'echo interrupted >"$PWD/trace"; exit 0' INT; touch "$PWD/started"; sleep 60 >/dev/null 2>&1 & wait`, nil)
	started := filepath.Join(request.Info.ProgramDirectory, "started")
	ended := make(chan error)
	go func() {
		_, err := host.Run(context.Background(), request)
		ended <- err
	}()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(started); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the program did not start")
		}
	}
	if _, err := host.Cancel(t.Context(), &emptypb.Empty{}); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; status.Code(err) != codes.Canceled {
		t.Errorf("got %v; want the code Canceled", err)
	}
	if _, err := os.Stat(filepath.Join(request.Info.ProgramDirectory, "trace")); err != nil {
		t.Error("the program had no time to clean up")
	}
}

func TestFindsThePluginsOfInstalledPackages(t *testing.T) {
	host, request := program(t, "exit 0", nil)
	modules := filepath.Join(request.Info.ProgramDirectory, "node_modules")
	write(t, filepath.Join(modules, "@pulumi/docker/package.json"),
		`{"name":"@pulumi/docker","version":"5.2.0","pulumi":{"resource":true,"name":"docker","version":"5.2.0"}}`)
	write(t, filepath.Join(modules, "wrapper/node_modules/@pulumi/random/package.json"),
		`{"name":"@pulumi/random","version":"v4.21.2","pulumi":{"resource":true}}`)
	write(t, filepath.Join(modules, "left-pad/package.json"), `{"name":"left-pad","version":"1.0.0"}`)
	write(t, filepath.Join(modules, "broken/package.json"), `{`)

	answer, err := host.GetRequiredPackages(t.Context(), &pulumirpc.GetRequiredPackagesRequest{Info: request.Info})
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, plugin := range answer.Packages {
		got = append(got, plugin.Kind+" "+plugin.Name+" "+plugin.Version)
	}
	want := []string{"resource docker 5.2.0", "resource random v4.21.2"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v; want %v", got, want)
	}
}
