/** Owns the list of the fault cases, in the order of the report. */
import type { FaultCase } from "./case.ts";
import { leaf } from "./cases/leaf.ts";
import { leak } from "./cases/leak.ts";
import { delay, drop, lossy, partition, partitionOneWay } from "./cases/network.ts";
import { overload } from "./cases/overload.ts";
import { place } from "./cases/place.ts";
import { killGateway, killService, killSupervisor, steady, stopService } from "./cases/processes.ts";
import { roll, rollBadErrors, rollBadReady } from "./cases/roll.ts";

export const cases: Readonly<Record<string, FaultCase>> = {
  steady,
  "kill-service": killService,
  "stop-service": stopService,
  "kill-gateway": killGateway,
  "kill-supervisor": killSupervisor,
  place,
  leak,
  leaf,
  overload,
  drop,
  partition,
  "partition-one-way": partitionOneWay,
  delay,
  lossy,
  roll,
  "roll-bad-ready": rollBadReady,
  "roll-bad-errors": rollBadErrors,
};
