#!/bin/bash
# A whole Slurm with accounting, and an sshd, on one Debian 12 host, for tests. See docs/rig.md.
set -Eeuo pipefail

usage() {
  cat <<'TEXT'
usage: rig.sh up [--minimal] [--fast] [--sge] [--oar]  install what is missing, start everything, wait until it works
       rig.sh down                         cancel the jobs, end everything that was started
       rig.sh wipe [--users]               down, and remove the state and the logs (and the users)
       rig.sh status                       one line per daemon; rc 1 unless all are up
       rig.sh env [--json] [--for USER]    what a test needs; the identity file is USER's own copy (default: the caller's)
       rig.sh start|stop DAEMON            returns when it works, or has ended
       rig.sh start slurmctld|nN --cold    it comes back without its jobs (-c)
       rig.sh kill DAEMON                  SIGKILL
       rig.sh freeze|thaw DAEMON           SIGSTOP, SIGCONT
       rig.sh shell USER SHELL             change a job user's login shell
DAEMON: munged mariadb slurmdbd slurmctld n1 n2 n3 n4 sshd, with --sge: qmaster execd, with --oar: postgres almighty
Settings: RIG_NAME RIG_DIR RIG_RUN RIG_LOG RIG_PORT_BASE RIG_USER RIG_USER2 RIG_FAST RIG_SGE RIG_OAR
TEXT
}

say() { echo "rig: $*" >&2; }
die() {
  echo "rig: $*" >&2
  exit 1
}

rig_home=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
for part in settings daemon leftovers setup munge database slurm gridengine oar ssh report; do
  # shellcheck source=/dev/null
  . "$rig_home/lib/$part.sh"
done

main() {
  # `set -e` ends a script without a word.
  trap 'say "stopped at ${BASH_SOURCE[0]}:$LINENO: $BASH_COMMAND"' ERR
  cd /
  umask 022
  unset "${!SLURM_@}" "${!SACCT_@}" "${!SINFO_@}" "${!SQUEUE_@}" "${!SBATCH_@}"
  local command=${1:-}
  (($#)) && shift
  derive
  case $command in
    status | env) load_settings ;;
    up | down | wipe | start | stop | kill | freeze | thaw | shell) ((EUID == 0)) || die "$command needs root" ;;&
    down | wipe | start | stop | kill | freeze | thaw | shell) load_settings ;;
  esac
  case $command in
    up) up "$@" ;;
    down) down ;;
    wipe) wipe "$@" ;;
    status) print_status || exit 1 ;;
    env) environment "$@" ;;
    start | stop) one_daemon "$@" && lock && "${command}_daemon" "$@" ;;
    kill) one_daemon "$@" && signal_daemon "$1" KILL down ;;
    freeze) one_daemon "$@" && signal_daemon "$1" STOP frozen ;;
    thaw) one_daemon "$@" && signal_daemon "$1" CONT up ;;
    shell) change_shell "$@" ;;
    *) usage >&2 && exit 2 ;;
  esac
}

# One that starts or stops daemons at a time. The daemons do not inherit the lock (9>&-).
lock() {
  is_ours "$rig_dir" || die "there is no rig in $rig_dir: run 'rig.sh up' first"
  exec 9>"$rig_dir/lock"
  flock 9
}

one_daemon() {
  local daemon
  for daemon in "${daemons[@]}"; do [[ ${1:-} != "$daemon" ]] || return 0; done
  die "not a daemon: '${1:-}' (${daemons[*]})"
}

up() {
  while (($#)); do
    case $1 in
      --minimal) mode=minimal ;;
      --fast) fast=1 ;;
      --sge) sge=1 ;;
      --oar) oar=1 ;;
      *) usage >&2 && exit 2 ;;
    esac
    shift
  done
  derive
  refuse_other_settings
  "$rig_home/install.sh"
  for directory in "$rig_dir" "$rig_run" "$rig_log"; do claim "$directory"; done
  lock
  refuse_other_settings
  # Grid Engine and OAR can join a rig that runs, and stay until `down`.
  if pid_of qmaster >/dev/null || pid_of execd >/dev/null; then sge=1; fi
  if pid_of postgres >/dev/null || pid_of almighty >/dev/null; then oar=1; fi
  { saved_settings && printf 'sge=%s\noar=%s\n' "$sge" "$oar"; } >"$rig_dir/settings"
  prepare
  slurm_address >/dev/null

  start_daemon munged
  if [[ $mode == full ]]; then
    start_daemon mariadb
    start_daemon slurmdbd
    add_accounts
  fi
  start_daemon slurmctld
  for node in "${nodes[@]}"; do start_daemon "$node"; done
  start_daemon sshd
  if ((sge)); then
    start_daemon qmaster
    start_daemon execd
  fi
  if ((oar)); then
    start_daemon postgres
    start_daemon almighty
  fi
  wait_for 30 "the nodes" nodes_registered
}

# A rig that runs keeps its settings: somebody may be using it.
refuse_other_settings() {
  local wanted saved changes
  wanted=$(saved_settings)
  saved=$(grep -Ev '^(sge|oar)=' "$rig_dir/settings" 2>/dev/null) || return 0
  [[ $wanted != "$saved" ]] || return 0
  (load_settings && any_daemon_runs) || return 0
  changes=$(comm -13 <(sort <<<"$saved") <(sort <<<"$wanted") | paste -sd ' ')
  die "it runs, but not with $changes: run 'rig.sh down' first"
}

any_daemon_runs() {
  local daemon
  for daemon in "${daemons[@]}"; do pid_of "$daemon" >/dev/null && return; done
  return 1
}

down() {
  local i
  is_ours "$rig_dir" || return 0
  lock
  delete_all_jobs
  cancel_all_jobs
  for ((i = ${#daemons[@]} - 1; i >= 0; i--)); do
    # The steps and sessions go before the controller does, so that it sees the jobs' end.
    [[ ${daemons[i]} != slurmctld ]] || end_leftovers
    stop_daemon "${daemons[i]}"
    [[ ${daemons[i]} != almighty ]] || end_almighty_family
  done
  forget_oar_jobs
}

wipe() {
  local directory account
  is_ours "$rig_dir" || return 0
  down
  for directory in "$rig_run" "$rig_log" "$rig_dir"; do
    if is_ours "$directory"; then rm -rf "$directory"; fi
  done
  [[ ${1:-} == --users ]] || return 0
  for account in "$user" "$user2"; do
    if id "$account" >/dev/null 2>&1; then userdel --remove "$account" 2>/dev/null; fi
  done
}

environment() {
  local format=shell for_user
  for_user=$(id -un)
  while (($#)); do
    case $1 in
      --json) format=json ;;
      --for) for_user=${2:?--for USER} && shift ;;
      *) usage >&2 && exit 2 ;;
    esac
    shift
  done
  [[ -r $rig_dir/settings ]] || die "there is no rig in $rig_dir: run 'rig.sh up' first"
  print_env "$format" "$for_user"
}

change_shell() {
  [[ ${1:-} == "$user" || ${1:-} == "$user2" ]] || die "not a job user of this rig: '${1:-}'"
  [[ -x ${2:-} ]] || die "not a shell: '${2:-}'"
  usermod --shell "$2" "$1"
}

main "$@"
