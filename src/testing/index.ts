/** `skein/testing`: one service with fakes, or a whole system, in this process and under a virtual clock. */
export { type CallsOf, fake, type Fake, type FakeCall, type FakeHandlers } from "./fake.ts";
export {
  type EmittedEvent,
  type LogLine,
  type Observed,
  testSystem,
  type SystemTest,
  type TestOptions,
} from "./system-test.ts";
export {
  type FakesFor,
  test,
  type ServiceTest,
  type ServiceTestOptions,
  type ServiceTestTools,
} from "./service-test.ts";
export { type Faults, type Recurring } from "./simulation/faults.ts";
export type { HostState } from "./simulation/host.ts";
export {
  type Cluster,
  type HostView,
  simulate,
  type SimulationOptions,
  type SimulationReport,
} from "./simulation/simulate.ts";
export type { Trace } from "./simulation/trace.ts";
export { type DevelopmentClaims, developmentToken } from "../gateway/authenticate/development-keys.ts";
export type { VirtualClock } from "../core/index.ts";
export type { Span } from "../observe/index.ts";
