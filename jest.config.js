const transform = { "^.+\\.ts$": "@sucrase/jest-plugin" };

/** Unit tests need neither engine nor daemon; integration tests run one file at a time, because they share the machine. */
export default {
  projects: [
    { displayName: "unit", testMatch: ["<rootDir>/tests/unit/**/*.test.ts"], transform },
    { displayName: "integration", testMatch: ["<rootDir>/tests/integration/**/*.test.ts"], transform },
  ],
};
