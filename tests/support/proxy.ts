import { createServer, connect, type Socket } from "node:net";
import { once } from "node:events";

/** What becomes of a message of the client: passed on, held back for ever, or passed on with its answer held back. */
export type Fate = "pass" | "before" | "after";

/** A wire to a database that can be cut, at any message. It stands on 127.0.0.1. */
export interface Proxy {
  host: string;
  port: number;
  /** Cuts all connections, as a server does that dies; new ones are let in. */
  cut(): void;
  /** Passes nothing on any more and keeps all connections open, as a network does whose cable is out; new ones hang, too. */
  stall(): void;
  /** Passes everything on that much later, in both directions, for connections that are made from now on. */
  delay(milliseconds: number): void;
  /** Passes everything on again; what was held back is lost with its connection. */
  restore(): void;
  close(): Promise<void>;
}

/**
 * @param target where the database is.
 * @param decide is asked for each message of a client. "before": the message is not passed on; "after": it is, and its
 * answer is not. In both cases `onStop` is called then, and the connection is cut.
 */
export async function startProxy(
  target: { host: string; port: number },
  decide: (message: Buffer) => Fate = () => "pass",
  onStop: () => void = () => {},
): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let isStalled = false;
  let delay = 0;
  const server = createServer((client) => {
    const database = connect(target);
    const wait = delay;
    // Timers of the same duration go off in the order in which they were set.
    const later = (pass: () => void) => void (wait > 0 ? setTimeout(pass, wait) : pass());
    let isAnswerHeld = false;
    const end = () => {
      client.destroy();
      database.destroy();
    };
    for (const socket of [client, database]) {
      sockets.add(socket);
      socket.on("error", end);
      socket.on("close", () => {
        sockets.delete(socket);
        if (!isStalled) later(end);
      });
    }
    const stop = () => {
      onStop();
      end();
    };
    client.on("data", (message) => {
      if (isStalled) return;
      const fate = decide(message);
      if (fate === "before") return stop();
      isAnswerHeld = fate === "after";
      later(() => database.destroyed || database.write(message));
    });
    database.on("data", (answer) => {
      if (isStalled) return;
      if (isAnswerHeld) return stop();
      later(() => client.destroyed || client.write(answer));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const cut = () => sockets.forEach((socket) => socket.destroy());
  return {
    host: "127.0.0.1",
    port,
    cut,
    stall() {
      isStalled = true;
    },
    delay(milliseconds) {
      delay = milliseconds;
    },
    restore() {
      isStalled = false;
      cut();
    },
    async close() {
      isStalled = false;
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
