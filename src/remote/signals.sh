# shellcheck shell=sh disable=SC2154,SC2034,SC2317 # variables of facts.sh and wrapper.sh
# Signals of the job wrapper: what the manager tells it, handed on to the payload. Part of the wrapper.
#
# payload.sh is read by a shell of its own with traps set: TERM, INT and HUP end it after its current command, USR1
# and USR2 do nothing to it. TERM and HUP go to it and all its descendants, USR1, USR2 and XCPU to its command only.
# A shell starts background commands with INT ignored (POSIX 2.11), so INT reaches the payload as TERM. So does ALRM, with which
# Flux says that the walltime is over (to the whole process group, so that the payload may end by that before).

# hz_signalled SIGNAL: remembers that the manager told us to end, and hands the signal on.
hz_signalled() {
  case $1 in TERM | INT | HUP | ALRM) hz_told=$1 ;; esac
  hz_queue="$hz_queue $1"
  [ -z "$hz_payload" ] || hz_deliver
}

# hz_deliver: hands on what came in. A trap may interrupt another between two commands, and one here: it only adds.
hz_deliver() {
  while [ -n "$hz_queue" ] && [ -z "$hz_busy" ]; do
    hz_busy=1 hz_taken=$hz_queue
    hz_queue=${hz_queue#"$hz_taken"}
    for hz_name in $hz_taken; do hz_forward "$hz_name"; done
    hz_busy=
  done
}

# hz_late: the time of the payload is over; the second time, so is the grace.
hz_late() {
  [ -n "$hz_payload" ] || return 0
  if [ -z "$hz_limit" ]; then
    hz_limit=walltime
    hz_forward TERM
  else
    hz_descend "$hz_payload"
    # shellcheck disable=SC2086
    kill -s KILL $hz_pids 2>/dev/null
  fi
}

# hz_forward SIGNAL
hz_forward() {
  for hz_pause in 1 1 1 0; do
    hz_first "/proc/$$/cmdline"
    hz_own=$hz_line
    hz_first "/proc/$hz_payload/cmdline"
    case $1/$hz_line in
      # Between fork and exec, a child of a shell with traps swallows signals.
      */"$hz_own") hz_pids= ;;
      TERM/* | INT/* | HUP/* | ALRM/*) hz_descend "$hz_payload" ;;
      # As long as it is the shell that reads payload.sh, the command is its child; after an `exec`, it is the command.
      *hawser-payload*)
        hz_children "$hz_payload"
        hz_pids=$hz_kids
        ;;
      *) hz_pids=$hz_payload ;;
    esac
    case $1 in INT | ALRM) set -- TERM ;; esac
    # shellcheck disable=SC2086
    [ -z "$hz_pids" ] || kill -s "$1" $hz_pids 2>/dev/null
    if [ -n "$hz_pids" ] || ! kill -0 "$hz_payload" 2>/dev/null; then return 0; fi
    command sleep "$hz_pause"
  done
}
