// migrate: allow drop-collection: the way back of the migration that made it; all algorithm versions go with it

export default [{ drop: "algorithm_versions" }];
