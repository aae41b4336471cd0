const transform = { "^.+\\.ts$": "@sucrase/jest-plugin" };

/**
 * Unit tests need neither engine nor daemon. Integration tests share the machine, and wait more than they work: two files
 * at a time, each with stacks, names and ports of its own.
 */
export default {
  maxWorkers: 2,
  // What takes a second on an idle machine takes five beside a build.
  testTimeout: 30_000,
  projects: [
    { displayName: "unit", testMatch: ["<rootDir>/tests/unit/**/*.test.ts"], transform },
    { displayName: "integration", testMatch: ["<rootDir>/tests/integration/**/*.test.ts"], transform },
  ],
};
