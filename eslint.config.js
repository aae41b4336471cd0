import tseslint from "typescript-eslint";

/** Which rooms a room may import from; everything that isn't listed is refused. `migrator` imports nobody. */
const ROOMS = {
  migrator: [],
  provider: ["migrator"],
  components: ["provider"],
  operations: ["migrator"],
  setup: ["operations", "migrator"],
  cli: ["operations", "migrator"],
};

const allRooms = ["components", "provider", "migrator", "operations", "setup", "cli", "tests", "bench"];

const oneWayImports = Object.entries(ROOMS).map(([room, allowed]) => ({
  files: [`${room}/**/*.ts`],
  rules: {
    "@typescript-eslint/no-restricted-imports": [
      "error",
      {
        patterns: [
          {
            group: allRooms
              .filter((other) => other !== room && !allowed.includes(other))
              .map((other) => `**/${other}/**`),
            allowTypeImports: true,
            message: `${room}/ may import ${allowed.join(", ") || "no other room"}; see docs/decisions.md.`,
          },
          ...(room === "migrator" ? [{ group: ["@pulumi/*"], message: "The migrator knows nothing of Pulumi." }] : []),
        ],
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ["node_modules", ".trading-db"] },
  ...tseslint.configs.recommended,
  {
    files: ["**/*.ts"],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      eqeqeq: "error",
    },
  },
  ...oneWayImports,
);
