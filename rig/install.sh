#!/bin/bash
# Installs what the rig and the live tests need from Debian 12, without letting dpkg start a single service.
# install.sh [--check]     --check only says what is missing (rc 1 if anything is)
set -euo pipefail

# dma is the smallest that Grid Engine takes for its mail transport; nothing is sent.
packages=(slurm-wlm slurmdbd slurm-wlm-basic-plugins munge mariadb-server openssh-server openssh-client sudo
  gridengine-master gridengine-exec gridengine-client dma
  postgresql-15 oar-server oar-server-pgsql oar-node oar-user oar-user-pgsql
  procps shellcheck dash busybox csh tcsh fish zsh faketime
  # Both MPIs side by side, and what compiles a program for each.
  openmpi-bin libopenmpi-dev mpich libmpich-dev gcc libc6-dev)
policy=/usr/sbin/policy-rc.d

missing=()
for package in "${packages[@]}"; do
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
done

((${#missing[@]})) || exit 0
echo "rig: missing: ${missing[*]}" >&2
[[ ${1:-} != --check ]] || exit 1
((EUID == 0)) || { echo "rig: installing needs root" >&2; exit 1; }

# 101 means "not allowed" to invoke-rc.d: the services are unpacked and set up but not started. An existing policy is left alone.
if [[ ! -e $policy ]]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
get=(apt-get -q -y -o DPkg::Lock::Timeout=300)
install=("${get[@]}" install --no-install-recommends "${missing[@]}")
# The package lists are fetched only when the ones at hand do not do.
"${install[@]}" >&2 || { "${get[@]}" update >&2 && "${install[@]}" >&2; }
