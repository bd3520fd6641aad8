#!/bin/sh
# Installs what the live tests talk to: real schedulers, an SSH server, and the shells that people log in with.
# Needs root on a Debian; does nothing when all is there. No service is started: the tests start their own.
set -eu

wanted='slurm-wlm slurmdbd slurm-wlm-basic-plugins munge mariadb-server openssh-server openssh-client sudo
shellcheck dash busybox csh fish tcsh zsh'

missing=
for package in $wanted; do
  # "ii" is installed and configured; a half-installed package is installed again.
  case "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null || :)" in
    ii*) ;;
    *) missing="$missing $package" ;;
  esac
done
if [ -z "$missing" ]; then
  echo 'install-managers: everything is installed'
  exit 0
fi
echo "install-managers: installing$missing"

# Maintainer scripts ask this file whether they may start a service; 101 means no. (Debian policy 9.3.3, invoke-rc.d(8))
guard=/usr/sbin/policy-rc.d
if [ ! -e "$guard" ]; then
  trap 'rm -f "$guard"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  printf '#!/bin/sh\nexit 101\n' >"$guard"
  chmod 755 "$guard"
fi

export DEBIAN_FRONTEND=noninteractive
lock_wait='-o DPkg::Lock::Timeout=300'
install() {
  # shellcheck disable=SC2086 # a list of words
  apt-get $lock_wait install -y -qq --no-install-recommends $missing
}
# A fresh image has no package lists, an old one has stale ones: then, and only then, they are fetched.
if ! install; then
  # shellcheck disable=SC2086
  apt-get $lock_wait update -qq
  install
fi
