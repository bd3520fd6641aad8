# shellcheck shell=sh disable=SC2034
# What a host says of itself and of its processes: builtins where /proc is there, ps where it is not.
#
# First in our shells and in the wrapper's file. Results come back in variables named hz_…: a capture
# would be a fork. IFS must be the default and `set -f` off.

hz_newline='
'

# hz_first FILE: its first line in hz_line. False when it can't be read or is empty.
hz_first() {
  hz_line=
  [ -r "$1" ] || return 1
  IFS= read -r hz_line <"$1" || :
  [ -n "$hz_line" ]
} 2>/dev/null

# hz_uptime: seconds in hz_line, from any moment on; for differences. One fork where there is no /proc.
hz_uptime() {
  if hz_first /proc/uptime; then hz_line=${hz_line%%.*}; else hz_line=$(command date +%s); fi
}

# hz_link FILE: the text of a symbolic link in hz_line. One fork.
hz_link() {
  hz_line=$(command readlink -- "$1" 2>/dev/null) && [ -n "$hz_line" ] && return 0
  # readlink is not in POSIX before 2024.
  hz_line=$(command ls -ld -- "$1" 2>/dev/null)
  hz_line=${hz_line##* -> }
  [ -n "$hz_line" ]
}

# hz_host: hz_hostname, hz_machine and hz_boot of this machine, none of them with a blank.
hz_host() {
  if ! hz_first /proc/sys/kernel/hostname; then hz_line=$(command uname -n); fi
  hz_hostname=${hz_line:-unknown}
  hz_machine=$hz_hostname
  # systemd writes "uninitialized" into an image that has not booted yet. (machine-id(5))
  hz_first /etc/machine-id && [ "$hz_line" != uninitialized ] && hz_machine=$hz_line
  if ! hz_first /proc/sys/kernel/random/boot_id; then
    # macOS: { sec = 1700000000, usec = 1 } Tue Nov 14 …
    hz_line=$(command sysctl -n kern.boottime 2>/dev/null)
    hz_line=${hz_line#*sec = }
  fi
  hz_boot=${hz_line%%[!0-9a-zA-Z-]*}
  hz_boot=${hz_boot:-unknown}
}

# hz_namespace: the number of our pid namespace in hz_pidns, `-` where there are none. One fork.
hz_namespace() {
  hz_pidns=$(command readlink /proc/self/ns/pid 2>/dev/null)
  hz_pidns=${hz_pidns#*[}
  hz_pidns=${hz_pidns%]}
  hz_pidns=${hz_pidns:--}
}

# hz_process PID: hz_state, hz_parent, hz_group, hz_session and hz_birth (its start time, one word). False when there
# is no such process.
hz_process() {
  hz_state='' hz_parent='' hz_group='' hz_session='' hz_birth='' hz_stat=''
  if [ -r /proc/self/stat ]; then
    # A process may put a line break into its name.
    while IFS= read -r hz_line || [ -n "$hz_line" ]; do hz_stat="$hz_stat$hz_line "; done <"/proc/$1/stat"
    # The name stands in parentheses and may hold blanks and parentheses: the rest follows the last one. (proc(5))
    # shellcheck disable=SC2086
    set -- ${hz_stat##*) }
    [ $# -ge 20 ] || return 1
    hz_birth=${20}
  else
    # shellcheck disable=SC2046
    set -- $(command ps -o stat= -o ppid= -o pgid= -o pgid= -o lstart= -p "$1")
    [ $# -ge 5 ] || return 1
    hz_birth=$5-$6-$7-$8-$9
  fi
  hz_state=$1 hz_parent=$2 hz_group=$3 hz_session=$4
} 2>/dev/null

# hz_children PID...: all processes with one of these parents in hz_kids.
hz_children() {
  hz_kids=
  if [ -r "/proc/$$/task/$$/children" ]; then
    for hz_pid; do
      for hz_file in "/proc/$hz_pid"/task/*/children; do
        hz_first "$hz_file" && hz_kids="$hz_kids $hz_line"
      done
    done
    return 0
  fi
  # A kernel without CONFIG_PROC_CHILDREN, or no Linux: every process is asked for its parent.
  hz_parents=" $* "
  if [ -r /proc/self/stat ]; then
    for hz_file in /proc/[0-9]*; do
      hz_process "${hz_file#/proc/}" || continue
      case $hz_parents in *" $hz_parent "*) hz_kids="$hz_kids ${hz_file#/proc/}" ;; esac
    done
    return 0
  fi
  # shellcheck disable=SC2046
  set -- $(command ps -A -o pid= -o ppid= 2>/dev/null)
  while [ $# -ge 2 ]; do
    case $hz_parents in *" $2 "*) hz_kids="$hz_kids $1" ;; esac
    shift 2
  done
}

# hz_descend PID: PID and all its descendants in hz_pids.
hz_descend() {
  hz_pids=$1
  while [ $# -gt 0 ]; do
    hz_children "$@"
    hz_pids="$hz_pids $hz_kids"
    # shellcheck disable=SC2086
    set -- $hz_kids
  done
}
