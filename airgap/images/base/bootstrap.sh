#!/usr/bin/env bash
# Writes a small Debian 12 root file system as a tar to standard output. Runs as root, in a mount namespace of its own.
# Usage: bootstrap.sh ARCHIVE SECURITY    (base URLs of two mirrors: the archive and the security updates)
# Debian's packages are those of the day of the build. Packages taken anew on: 2026-11-24 (a new date here rebuilds all).
set -Eeuo pipefail

archive=$1
security=$2

# On a disk the bootstrap is bound by dpkg's fsync of every file. The mount ends with the namespace.
mount -t tmpfs -o size=2g,mode=755 tmpfs /mnt

# Documentation goes after the bootstrap, as packages' own scripts may want it; later installs leave it out at once.
TMPDIR=/mnt exec mmdebstrap --quiet --variant=apt --format=tar \
  --include=ca-certificates \
  --aptopt='APT::Install-Recommends "false"' \
  --aptopt='Acquire::Languages "none"' \
  --dpkgopt=force-unsafe-io \
  --customize-hook='rm -rf "$1"/usr/share/man/* "$1"/usr/share/info/* "$1"/usr/share/locale/*' \
  --customize-hook='find "$1/usr/share/doc" -type f ! -name copyright -delete' \
  --customize-hook='printf "path-exclude=/usr/share/%s/*\n" man info locale doc >"$1/etc/dpkg/dpkg.cfg.d/slim"' \
  --customize-hook='echo "path-include=/usr/share/doc/*/copyright" >>"$1/etc/dpkg/dpkg.cfg.d/slim"' \
  bookworm - \
  "deb $archive bookworm main" \
  "deb $archive bookworm-updates main" \
  "deb $security bookworm-security main"
