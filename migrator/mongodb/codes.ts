/** Errors of the server, by their codes. */
export const unauthorized = 13;
export const authenticationFailed = 18;
export const namespaceNotFound = 26;
export const indexNotFound = 27;
export const namespaceExists = 48;
export const noSuchTransaction = 251;
export const transactionExceededLifetimeLimit = 290;
export const duplicateKey = 11000;
