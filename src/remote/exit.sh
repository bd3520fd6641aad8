# shellcheck shell=sh disable=SC2154,SC2034 # variables of facts.sh and wrapper.sh
# The exit record of the job wrapper: how the payload ended, or why it never ran; also on a full disk. Part of the wrapper.

# hz_fail WHY: an exit record that says why the payload never ran, and the end.
hz_fail() {
  printf 'hawser: the payload was not started: %s\n' "$1" >&2
  [ -n "$hz_at" ] || hz_at=$(command date +%s)
  hz_code=112 hz_signal='' hz_ended=$hz_at hz_outputs=''
  # In one line, and short enough for what was reserved.
  hz_why=${1%%"$hz_newline"*}
  # Without the guard, somebody else may be running the payload: never over a record that is there.
  if [ -n "$hz_held" ]; then hz_write_exit 3; else hz_write_exit 1; fi
  exit 112
}

# hz_write_exit TRIES: writes exit.N whole, with growing pauses between the tries (30 s at most).
hz_write_exit() {
  hz_head="${hz_newline}exit $hz_token $hz_n${hz_newline}native $hz_native${hz_newline}code $hz_code$hz_newline"
  hz_head="$hz_head${hz_signal:+signal $hz_signal$hz_newline}${hz_told:+wrapper $hz_told$hz_newline}"
  hz_head="$hz_head${hz_limit:+limit $hz_limit$hz_newline}${hz_why:+launch $hz_why$hz_newline}started $hz_at${hz_newline}ended $hz_ended$hz_newline"
  hz_head="$hz_head${hz_peak:+memory $hz_peak$hz_newline}"
  hz_tries=$1 hz_pause=1
  until hz_write_once; do
    hz_tries=$((hz_tries - 1))
    if [ "$hz_tries" -le 0 ] || [ ! -d "$hz_dir" ]; then return 1; fi
    command sleep "$hz_pause"
    [ "$hz_pause" -ge 30 ] || hz_pause=$((hz_pause * 2))
  done
  printf '' >"$hz_home/events/$hz_token.$hz_n"
} 2>/dev/null

hz_write_once() {
  if [ -z "$hz_held" ]; then
    [ ! -e "$hz_dir/exit.$hz_n" ] && printf '%send\n' "$hz_head" >"$hz_dir/exit.$hz_n"
    return
  fi
  if printf '%s%send\n' "$hz_head" "$hz_outputs" >"$hz_dir/exit.$hz_n"; then
    printf '' >"$hz_dir/reserve.$hz_n"
    return 0
  fi
  # The disk is full: overwrite what was reserved, in place. A list of outputs that does not fit is left out.
  printf '%s%send\n' "$hz_head" "$hz_outputs" 1<>"$hz_dir/reserve.$hz_n" ||
    printf '%send\n' "$hz_head" 1<>"$hz_dir/reserve.$hz_n" || return 1
  command mv -f -- "$hz_dir/reserve.$hz_n" "$hz_dir/exit.$hz_n"
}

# hz_memory: hz_peak, bytes, from a control group that is this job's own: one whose path names its id.
hz_memory() {
  hz_peak='' hz_id=${SLURM_JOB_ID:-$hz_native}
  [ -r /proc/self/cgroup ] || return 0
  while IFS= read -r hz_line; do
    case $hz_line in
      0::*/*) hz_file=/sys/fs/cgroup${hz_line#0::} hz_name=memory.peak ;;
      *:memory:*/*) hz_file=/sys/fs/cgroup/memory${hz_line#*:memory:} hz_name=memory.max_usage_in_bytes ;;
      *) continue ;;
    esac
    # Up to the folder that is named for the job: what lies below may be one step of it.
    while :; do
      case ${hz_file##*/} in
        '') break ;;
        "$hz_id" | *[!0-9A-Za-z]"$hz_id" | "$hz_id"[!0-9A-Za-z]* | *[!0-9A-Za-z]"$hz_id"[!0-9A-Za-z]*)
          if hz_first "$hz_file/$hz_name"; then
            case $hz_line in *[!0-9]*) ;; *) hz_peak=$hz_line ;; esac
          fi
          break
          ;;
      esac
      hz_file=${hz_file%/*}
    done
    [ -z "$hz_peak" ] || return 0
  done </proc/self/cgroup
} 2>/dev/null
