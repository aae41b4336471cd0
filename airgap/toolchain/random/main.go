// pulumi-resource-random serves the Terraform provider of random values as the Pulumi package "random": the plugin of
// the npm package @pulumi/random, whose own binary is published outside every package registry.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	bridge "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/terraform-providers/terraform-provider-random/internal/provider"
)

// version is that of @pulumi/random, set by the build.
var version = "0.0.0"

func main() {
	// The engine asks for more of the schema only in order to generate SDKs.
	schema, err := json.Marshal(map[string]string{"name": "random", "version": version})
	if err != nil {
		log.Fatal(err)
	}
	tfbridge.Main(context.Background(), "random", providerInfo(), tfbridge.ProviderMetadata{PackageSchema: schema})
}

// providerInfo maps Terraform's names to the tokens of the SDK.
func providerInfo() bridge.ProviderInfo {
	resource := func(name string) *bridge.ResourceInfo {
		return &bridge.ResourceInfo{Tok: bridge.MakeResource("random", "index", name)}
	}
	randomBytes := resource("RandomBytes")
	randomBytes.ComputeID = identityOfBytes
	return bridge.ProviderInfo{
		Name:    "random",
		Version: version,
		P:       tfbridge.ShimProvider(provider.New()),
		Resources: map[string]*bridge.ResourceInfo{
			"random_bytes":    randomBytes,
			"random_id":       resource("RandomId"),
			"random_integer":  resource("RandomInteger"),
			"random_password": resource("RandomPassword"),
			"random_pet":      resource("RandomPet"),
			"random_shuffle":  resource("RandomShuffle"),
			"random_string":   resource("RandomString"),
			"random_uuid":     resource("RandomUuid"),
			"random_uuid4":    resource("RandomUuid4"),
			"random_uuid7":    resource("RandomUuid7"),
		},
		MetadataInfo: bridge.NewProviderMetadata([]byte("{}")),
	}
}

// identityOfBytes gives RandomBytes an id, which Terraform's resource lacks: its value in base64.
func identityOfBytes(_ context.Context, state resource.PropertyMap) (resource.ID, error) {
	value := state["base64"]
	if value.IsSecret() {
		value = value.SecretValue().Element
	}
	if !value.IsString() {
		return "", errors.New("random_bytes came back without its base64 value")
	}
	return resource.ID(value.StringValue()), nil
}
