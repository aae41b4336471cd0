const transform = { "^.+\\.ts$": "@sucrase/jest-plugin" };

/**
 * Unit tests need neither engine nor daemon. Integration tests share the machine, and wait more than they work: two files
 * at a time, each with stacks, names and ports of its own.
 */
export default {
  maxWorkers: 2,
  projects: [
    { displayName: "unit", testMatch: ["<rootDir>/tests/unit/**/*.test.ts"], transform },
    { displayName: "integration", testMatch: ["<rootDir>/tests/integration/**/*.test.ts"], transform },
  ],
};
