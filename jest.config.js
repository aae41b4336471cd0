// Packages that are modules of ECMAScript alone: jest reads the older kind.
const modules = "/node_modules/(age-encryption|@noble|@scure)/";
const project = {
  transform: { "^.+\\.ts$": "@sucrase/jest-plugin", [`${modules}.+\\.js$`]: "@sucrase/jest-plugin" },
  transformIgnorePatterns: [`/node_modules/(?!(age-encryption|@noble|@scure)/)`],
};

/**
 * Unit tests need neither engine nor daemon. Integration tests share the machine, and wait more than they work: two files
 * at a time, each with stacks, names and ports of its own. Faults that take whole stacks down, or minutes each,
 * are provoked apart: `npm run test:faults`.
 */
export default {
  maxWorkers: 2,
  // What takes a second on an idle machine takes five beside a build.
  testTimeout: 30_000,
  projects: [
    { displayName: "unit", testMatch: ["<rootDir>/tests/unit/**/*.test.ts"], ...project },
    { displayName: "integration", testMatch: ["<rootDir>/tests/integration/**/*.test.ts"], ...project },
    { displayName: "faults", testMatch: ["<rootDir>/tests/faults/**/*.test.ts"], ...project },
  ],
};
