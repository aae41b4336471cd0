package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// manifest is what the host reads of a package.json.
type manifest struct {
	Name            string            `json:"name"`
	Version         string            `json:"version"`
	Dependencies    map[string]string `json:"dependencies"`
	DevDependencies map[string]string `json:"devDependencies"`
	Pulumi          struct {
		Resource         bool   `json:"resource"`
		Name             string `json:"name"`
		Version          string `json:"version"`
		Server           string `json:"server"`
		Parameterization *struct {
			Name    string `json:"name"`
			Version string `json:"version"`
			Value   []byte `json:"value"`
		} `json:"parameterization"`
	} `json:"pulumi"`
}

func readManifest(folder string) (read manifest, err error) {
	text, err := os.ReadFile(filepath.Join(folder, "package.json"))
	if err != nil {
		return read, err
	}
	return read, json.Unmarshal(text, &read)
}

// moduleFolders lists the node_modules folders in which node looks from the folder, nearest first.
func moduleFolders(folder string) (found []string) {
	for {
		modules := filepath.Join(folder, "node_modules")
		if info, err := os.Stat(modules); err == nil && info.IsDir() {
			found = append(found, modules)
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return found
		}
		folder = parent
	}
}

// findScript finds the SDK's script that runs a program, as node would from the folder.
func findScript(folder string) (string, error) {
	for _, modules := range moduleFolders(folder) {
		script := filepath.Join(modules, "@pulumi", "pulumi", "cmd", "run", "index.js")
		if _, err := os.Stat(script); err == nil {
			return script, nil
		}
	}
	return "", fmt.Errorf("the npm package @pulumi/pulumi is not installed in %s; run `npm ci` there", folder)
}

// packagesIn lists the folders of the packages in a node_modules folder, and of those nested in them.
func packagesIn(modules string) (found []string) {
	entries, err := os.ReadDir(modules)
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		folder := filepath.Join(modules, entry.Name())
		switch {
		case strings.HasPrefix(entry.Name(), "@"):
			found = append(found, packagesIn(folder)...)
		case !strings.HasPrefix(entry.Name(), "."):
			found = append(found, folder)
			found = append(found, packagesIn(filepath.Join(folder, "node_modules"))...)
		}
	}
	return found
}

// GetRequiredPackages lists the plugins that the installed packages ask for.
func (h *host) GetRequiredPackages(
	_ context.Context, request *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	response := &pulumirpc.GetRequiredPackagesResponse{}
	seen := map[string]bool{}
	for _, modules := range moduleFolders(request.GetInfo().GetProgramDirectory()) {
		for _, folder := range packagesIn(modules) {
			installed, err := readManifest(folder)
			if err != nil || !installed.Pulumi.Resource {
				continue // a folder without a readable manifest is not a package
			}
			plugin := requiredPlugin(installed)
			if !seen[plugin.String()] {
				seen[plugin.String()] = true
				response.Packages = append(response.Packages, plugin)
			}
		}
	}
	return response, nil
}

// requiredPlugin is the plugin of a package, named after the package where it does not say otherwise.
func requiredPlugin(installed manifest) *pulumirpc.PackageDependency {
	asked := installed.Pulumi
	plugin := &pulumirpc.PackageDependency{
		Kind: "resource", Name: asked.Name, Version: asked.Version, Server: asked.Server,
	}
	if plugin.Name == "" {
		plugin.Name = filepath.Base(installed.Name)
	}
	if plugin.Version == "" {
		plugin.Version = installed.Version
	}
	if parameter := asked.Parameterization; parameter != nil {
		plugin.Parameterization = &pulumirpc.PackageParameterization{
			Name: parameter.Name, Version: parameter.Version, Value: parameter.Value,
		}
	}
	return plugin
}

// GetProgramDependencies lists the program's direct dependencies with their installed versions.
func (h *host) GetProgramDependencies(
	_ context.Context, request *pulumirpc.GetProgramDependenciesRequest,
) (*pulumirpc.GetProgramDependenciesResponse, error) {
	folder := request.GetInfo().GetProgramDirectory()
	program, err := readManifest(folder)
	if err != nil {
		return nil, fmt.Errorf("the program's manifest can't be read: %w", err)
	}
	response := &pulumirpc.GetProgramDependenciesResponse{}
	for _, wanted := range []map[string]string{program.Dependencies, program.DevDependencies} {
		for name, version := range wanted {
			for _, modules := range moduleFolders(folder) {
				if installed, err := readManifest(filepath.Join(modules, name)); err == nil {
					version = installed.Version
					break
				}
			}
			response.Dependencies = append(response.Dependencies, &pulumirpc.DependencyInfo{Name: name, Version: version})
		}
	}
	slices.SortFunc(response.Dependencies, func(a, b *pulumirpc.DependencyInfo) int {
		return strings.Compare(a.GetName(), b.GetName())
	})
	return response, nil
}
