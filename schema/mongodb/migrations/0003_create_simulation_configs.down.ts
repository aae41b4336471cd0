// migrate: allow drop-collection: the way back of the migration that made it; all simulation configurations go with it

export default [{ drop: "simulation_configs" }];
