// pulumi-resource-docker serves the Terraform provider of Docker as the Pulumi package "docker": the plugin of the npm
// package @pulumi/docker, whose own binary is published outside every package registry.
package main

import (
	"encoding/json"
	"log"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

// version is that of @pulumi/docker, set by the build.
var version = "0.0.0"

func main() {
	// The engine asks for more of the schema only in order to generate SDKs.
	schema, err := json.Marshal(map[string]string{"name": "docker", "version": version})
	if err != nil {
		log.Fatal(err)
	}
	tfbridge.Main("docker", version, providerInfo(), schema)
}

// providerInfo maps Terraform's names to the tokens of the SDK.
func providerInfo() tfbridge.ProviderInfo {
	resource := func(name string) *tfbridge.ResourceInfo {
		return &tfbridge.ResourceInfo{Tok: tfbridge.MakeResource("docker", "index", name)}
	}
	function := func(name string) *tfbridge.DataSourceInfo {
		return &tfbridge.DataSourceInfo{Tok: tfbridge.MakeDataSource("docker", "index", name)}
	}
	container := resource("Container")
	// These names are not made plural in the SDK, unlike those of all other lists.
	container.Fields = map[string]*tfbridge.SchemaInfo{
		"command":           {Name: "command"},
		"networks_advanced": {Name: "networksAdvanced"},
	}
	info := tfbridge.ProviderInfo{
		Name:    "docker",
		Version: version,
		P:       shimv2.NewProvider(provider.New(version)()),
		Config:  map[string]*tfbridge.SchemaInfo{"registry_auth": {Name: "registryAuth"}},
		Resources: map[string]*tfbridge.ResourceInfo{
			"docker_buildx_builder": resource("BuildxBuilder"),
			"docker_config":         resource("ServiceConfig"),
			"docker_container":      container,
			"docker_image":          resource("RemoteImage"),
			"docker_network":        resource("Network"),
			"docker_plugin":         resource("Plugin"),
			"docker_registry_image": resource("RegistryImage"),
			"docker_secret":         resource("Secret"),
			"docker_service":        resource("Service"),
			"docker_tag":            resource("Tag"),
			"docker_volume":         resource("Volume"),
		},
		DataSources: map[string]*tfbridge.DataSourceInfo{
			"docker_image":                    function("getRemoteImage"),
			"docker_logs":                     function("getLogs"),
			"docker_network":                  function("getNetwork"),
			"docker_plugin":                   function("getPlugin"),
			"docker_registry_image":           function("getRegistryImage"),
			"docker_registry_image_manifests": function("getRegistryImageManifests"),
		},
		MetadataInfo: tfbridge.NewProviderMetadata([]byte("{}")),
	}
	// A resource without a name gets its logical name with a random suffix, as in the published plugin; one with a
	// name is deleted before its replacement is created.
	info.SetAutonaming(255, "-")
	return info
}
