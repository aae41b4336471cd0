import { CustomResource, type CustomResourceOptions, type Inputs } from "@pulumi/pulumi";
import type { ResourceType } from "./kinds.ts";
import { shell } from "./shell.ts";

/** What `pulumi.dynamic.Resource` is, with the text of its provider written out: see shell.ts. */
export class DynamicResource extends CustomResource {
  /**
   * @param props the inputs, and each output as `undefined`.
   */
  constructor(type: ResourceType, name: string, props: Inputs, opts?: CustomResourceOptions) {
    super(`pulumi-nodejs:dynamic/tradingdb:${type}`, name, { ...props, __provider: shell(type) }, opts);
  }
}
