/** An error for people: its message says what is wrong, why, and which command mends it. It is shown without a stack trace. */
export class UserError extends Error {
  override readonly name = "UserError";
}
