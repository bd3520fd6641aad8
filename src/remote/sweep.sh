# shellcheck shell=sh disable=SC2154 # variables of facts.sh
# Ends what a job that has ended has left on its hosts: whatever carries its token, and the daemon of an MPI that started it. Its
# file is facts.sh and this; run by the wrapper after a payload that failed, and by hz_kill and hz_look.
#
#   sh sweep.sh all DIRECTORY TOKEN LEADER             all hosts of DIRECTORY/hosts, and this one; the others over ssh
#   sh -s here TOKEN BOOT PIDNS LEADER <sweep.sh       this one; not the LEADER (`-`: none) and what descends from it
#
# Nothing is found where all is well: an mpirun ends its processes itself, and its daemons end theirs when they lose it.
# A host that does not answer is named on stderr, and is left alone.

hz_sweep_all() {
  hz_host
  hz_namespace
  while read -r hz_key hz_name hz_line; do
    [ "$hz_key" = host ] || continue
    case $hz_name in localhost | 127.0.0.1 | "$hz_hostname" | "${hz_hostname%%.*}") continue ;; esac
    {
      # The login shell there may be any: these words are the same to all of them.
      command ssh -x -o BatchMode=yes -o ConnectTimeout=5 -o ServerAliveInterval=5 -o ServerAliveCountMax=2 "$hz_name" \
        exec /bin/sh -s here "$2" "$hz_boot" "$hz_pidns" "$3" <"$0" >/dev/null 2>&1 ||
        printf 'hawser: %s can not be asked whether something of %s is left there\n' "$hz_name" "$2" >&2
    } &
  done <"$1/hosts"
  hz_sweep_here "$2" "$hz_boot" "$hz_pidns" "$3"
  wait
}

hz_sweep_here() {
  [ -r /proc/self/environ ] || return 0
  hz_host
  hz_namespace
  hz_leader=
  [ "$2/$3" != "$hz_boot/$hz_pidns" ] || [ "$4" = - ] || hz_leader=$4
  hz_carriers "$1" || return 0
  # What is ending just now may do so by itself.
  for hz_pause in 1 1 1; do
    command sleep "$hz_pause"
    hz_carriers "$1" || return 0
    # shellcheck disable=SC2086
    kill -s KILL $hz_found 2>/dev/null
  done
}

# hz_carriers TOKEN: in hz_found all that carry it but hz_leader and what descends from it, and parents of theirs that are
# daemons of an MPI. False: none.
hz_carriers() {
  hz_found='' hz_keep=' '
  # shellcheck disable=SC2046 # no blanks in these
  set -- $(command grep -lF -e "HAWSER_TOKEN=$1" /proc/[0-9]*/environ 2>/dev/null)
  # Only now: those that the leader has started meanwhile are among them.
  hz_pids=
  [ -z "$hz_leader" ] || hz_descend "$hz_leader"
  for hz_pid in $hz_pids; do hz_keep="$hz_keep$hz_pid "; done
  for hz_file; do
    hz_pid=${hz_file#/proc/}
    hz_pid=${hz_pid%/environ}
    case "$hz_keep$$ " in *" $hz_pid "*) continue ;; esac
    hz_process "$hz_pid" || continue
    case $hz_state in [ZX]*) continue ;; esac
    hz_found="$hz_found $hz_pid"
    case $hz_keep$hz_found in *" $hz_parent "*) continue ;; esac
    hz_first "/proc/$hz_parent/comm" || continue
    case $hz_line in orted | prted | hydra_* | pmi_proxy) hz_found="$hz_found $hz_parent" ;; esac
  done
  [ -n "$hz_found" ]
}

hz_verb=$1
shift
"hz_sweep_$hz_verb" "$@" </dev/null
