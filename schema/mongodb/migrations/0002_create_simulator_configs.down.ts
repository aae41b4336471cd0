// migrate: allow drop-collection: the way back of the migration that made it; all simulator configurations go with it

export default [{ drop: "simulator_configs" }];
