#!/bin/sh
# Starts PgAdmin, whose volume keeps the password that its first user had: before, gives him the one of the stack.
set -eu

# The password may not stand among the arguments, where everybody on the host sees it: so pgAdmin's own command is called
# from within Python. The official image writes these settings only later.
if [ -e /var/lib/pgadmin/pgadmin4.db ]; then
  python=/venv/bin/python3
  [ -x "$python" ] || python=python3
  "$python" - <<'PYTHON' || echo "trading-db: the password of $PGADMIN_DEFAULT_EMAIL could not be set; it is the former one." >&2
import os, runpy, sys, types

settings = types.ModuleType("config_distro")
settings.DATA_DIR = "/var/lib/pgadmin"
settings.LOG_FILE = "/dev/null"
sys.modules["config_distro"] = settings
os.environ.pop("CONFIG_DISTRO_FILE_PATH", None)

os.chdir("/pgadmin4")
sys.path.insert(0, "/pgadmin4")
password = open("/config/password").read()
sys.argv = ["setup.py", "update-user", os.environ["PGADMIN_DEFAULT_EMAIL"], "--password", password, "--admin"]
runpy.run_path("/pgadmin4/setup.py", run_name="__main__")
PYTHON
fi
exec /entrypoint.sh
