#!/usr/bin/env bash
# Prints the base URLs of two Debian mirrors, the archive and the security updates, as this machine's apt knows them.
# TRADING_DB_DEBIAN_MIRRORS="ARCHIVE SECURITY" names others, for a machine whose apt has no Debian (Ubuntu).
set -Eeuo pipefail

if [[ -n ${TRADING_DB_DEBIAN_MIRRORS:-} ]]; then
  echo "$TRADING_DB_DEBIAN_MIRRORS"
  exit
fi

# apt reads its own sources, in whichever form they are written. It knows labels only of what it has downloaded.
mirror() {
  apt-get indextargets --format '$(ORIGIN)/$(LABEL)/$(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    awk -v wanted="Debian/$1/main" '$1 == wanted { print $2; exit }'
}

archive=$(mirror Debian)
security=$(mirror Debian-Security)
if [[ -z $archive || -z $security ]]; then
  echo 'The machine'\''s apt knows no Debian archive with security updates, from which the images are made. On Debian run
"apt-get update"; elsewhere set TRADING_DB_DEBIAN_MIRRORS="ARCHIVE SECURITY" to the base URLs of two mirrors.' >&2
  exit 1
fi
echo "$archive $security"
