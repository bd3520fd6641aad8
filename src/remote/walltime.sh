# shellcheck shell=sh disable=SC2154 # variables of facts.sh and wrapper.sh
# The walltime of a payload that no manager watches: TERM when it is over, KILL ten seconds later. Part of the wrapper.
#
# One subshell in the background, with one sleep at a time, only for jobs that have the file `walltime` (seconds). It needs no
# controller. Time is the host's; a host that is suspended does not stop it.

# hz_watch_time SECONDS [SIGNAL BEFORE]: in the background, before the payload starts. SIGNAL to the wrapper when only
# BEFORE seconds are left: it hands it on. ALRM to the wrapper when they are over, and once
# more after the grace: it ends the payload (hz_late). Where somebody has killed it, what is left of its group is ended.
hz_watch_time() {
  # No output: whoever waits for the end of the job's would wait for ours.
  exec </dev/null >/dev/null 2>&1
  hz_over='' hz_sleep='' hz_warning=${2-} hz_warn_rest=$((${3:-0} * 100))
  # KILL: between fork and exec, a child of a shell with a trap swallows TERM.
  trap 'hz_over=1; [ -z "$hz_sleep" ] || kill -s KILL "$hz_sleep"' TERM
  hz_process "$$"
  hz_began=$hz_birth hz_rest=$(($1 * 100))
  hz_ticks
  hz_until=$((hz_now + hz_rest))
  while [ "$hz_rest" -gt 0 ]; do
    hz_pause=$(((hz_rest + 99) / 100))
    if [ -n "$hz_warning" ] && [ "$hz_rest" -gt "$hz_warn_rest" ]; then
      hz_pause=$(((hz_rest - hz_warn_rest + 99) / 100))
    elif [ -n "$hz_warning" ]; then
      # No wrapper: nobody would hand it on, and what is left of the job was not told to expect it.
      if hz_wrapper_lives; then kill -s "$hz_warning" "$$"; fi
      hz_warning=
    fi
    # Somebody may kill the wrapper and its payload together: then we must not be what is left of the job for long.
    [ "$hz_pause" -le 10 ] || hz_pause=10
    hz_nap "$hz_pause"
    hz_wrapper_lives || hz_left_of "$$" || exit 0
    hz_ticks
    if [ "$hz_now" -gt 0 ]; then hz_rest=$((hz_until - hz_now)); else hz_rest=$((hz_rest - hz_pause * 100)); fi
  done
  hz_end TERM
  for hz_pause in 1 2 3 4 5 6 7 8 9 10; do
    hz_nap 1
    hz_wrapper_lives || hz_left_of "$$" || exit 0
  done
  hz_end KILL
  # The wrapper ends us; `jobs` must find us running until it has asked how the payload ended.
  while hz_wrapper_lives; do hz_nap 30; done
}

# hz_end SIGNAL
hz_end() {
  if hz_wrapper_lives; then
    kill -s ALRM "$$"
  elif hz_left_of "$$"; then
    # shellcheck disable=SC2086
    kill -s "$1" $hz_pids
  fi
}

hz_wrapper_lives() {
  [ -z "$hz_over" ] || exit 0
  hz_process "$$" && [ "$hz_birth" = "$hz_began" ] || return 1
  case $hz_state in [ZX]*) return 1 ;; esac
}

# hz_left_of GROUP: in hz_pids its processes, without us.
hz_left_of() {
  hz_first /proc/self/stat || return 1
  hz_self=${hz_line%% *} hz_pids=''
  for hz_file in /proc/[0-9]*; do
    [ "${hz_file#/proc/}" != "$hz_self" ] || continue
    hz_process "${hz_file#/proc/}" || continue
    [ "$hz_group" = "$1" ] || continue
    case $hz_state in [ZX]*) ;; *) hz_pids="$hz_pids ${hz_file#/proc/}" ;; esac
  done
  [ -n "$hz_pids" ]
}

# hz_ticks: hundredths of a second since boot in hz_now, 0 where nobody tells.
hz_ticks() {
  hz_now=0
  hz_first /proc/uptime || return 0
  hz_line=${hz_line%% *}
  hz_now=${hz_line%.*}${hz_line#*.}
}

# hz_nap SECONDS: a sleep that TERM ends.
hz_nap() {
  command sleep "$1" &
  hz_sleep=$!
  [ -z "$hz_over" ] || kill -s KILL "$hz_sleep"
  wait "$hz_sleep"
  hz_sleep=
}
