"""Settings of pgAdmin in a container: PGADMIN_CONFIG_NAME=LITERAL in the environment sets NAME to a Python literal."""

import ast
import os

DATA_DIR = "/var/lib/pgadmin"
LOG_FILE = "/dev/null"  # what is logged goes to standard error as well
UPGRADE_CHECK_ENABLED = False

for _name, _literal in os.environ.items():
    if _name.startswith("PGADMIN_CONFIG_"):
        globals()[_name.removeprefix("PGADMIN_CONFIG_")] = ast.literal_eval(_literal)
