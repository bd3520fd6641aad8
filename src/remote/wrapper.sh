# shellcheck shell=sh disable=SC2154,SC2034,SC2317 # variables of the files before it; functions that traps call
# The job wrapper, the first thing that an attempt runs: `sh wrapper.sh HOME TOKEN NATIVE_ID START`.
#
# It takes the guard, writes `started`, runs the payload, forwards signals to it, writes `exit` and drops an event.
# START is the manager's restart count, 0 at first. From the time in the file `start-before` on it begins nothing anew.
# What the file `walltime` says, in seconds, is all the time that the payload gets; `warning` is a signal before that.
# Its file is facts.sh, glob.sh, outputs.sh, walltime.sh, hosts.sh, signals.sh, guard.sh, exit.sh and this, in this order.
#
# It exits with the payload's code (to Grid Engine some codes are orders: see the end), or without having run it: 111 somebody else holds the guard or this start is not
# allowed, 112 it could not be started, 113 the job directory is not there.
# It costs three forks: ln, date and the payload itself; a fourth (ls) when there are outputs, two for a walltime.

# hz_now: the time, by both clocks.
hz_now() {
  hz_at=$(command date +%s)
  hz_at=${hz_at:-0}
  hz_uptime
  hz_up_before=$hz_up
}

# hz_may: whether it may begin yet; ends the wrapper where it may not.
hz_may() {
  # Removed while we took the guard: then the guard was no proof.
  [ -f "$hz_dir/token" ] || exit 113
  # What has started in time goes on, also as another start.
  if [ -z "$hz_again" ] && hz_first "$hz_dir/start-before" && [ "$hz_at" -ge "$hz_line" ]; then
    hz_fail "it was to start before $hz_line, and it is $hz_at (seconds since 1970)"
  fi
  [ -f "$hz_dir/payload.sh" ] || hz_fail "payload.sh is missing"
}

# hz_settle: the started record and the room for the exit record; if not, why in hz_error.
hz_settle() {
  hz_error="started.$hz_n can't be written"
  printf '\nstarted %s %s\nnative %s\nhost %s\npid %s\nbirth %s\nboot %s\nat %s\nend\n' "$hz_token" "$hz_n" \
    "$hz_native" "$hz_hostname" "$$" "${hz_birth:--}" "$hz_boot" "$hz_at" >"$hz_dir/started.$hz_n" || return 1
  hz_error="there is no room for the exit record"
  printf "%${hz_room}s\n" '' >"$hz_dir/reserve.$hz_n"
}

# hz_begin: after the guard. A disk that is full may have room in a moment, and behind the guard nobody else can start
# what waits here: 15 s, in which the manager may end it.
hz_begin() {
  hz_host
  hz_process "$$"
  hz_may
  hz_room=4096
  [ ! -s "$hz_dir/patterns.sh" ] || hz_room=16384
  hz_pause=1
  until hz_settle; do
    if [ "$hz_pause" -gt 8 ] || [ -n "$hz_told" ]; then hz_fail "$hz_error"; fi
    command sleep "$hz_pause"
    hz_pause=$((hz_pause * 2))
    hz_now
    hz_may
  done
  if [ "$hz_n" -gt 0 ]; then
    # What is left of an earlier start on a lost node may still write to its files.
    for hz_name in stdout stderr; do
      [ ! -e "$hz_dir/$hz_name" ] || command mv -f -- "$hz_dir/$hz_name" "$hz_dir/$hz_name.$((hz_n - 1))"
    done
  fi
  { printf '' >"$hz_dir/stdout" && printf '' >"$hz_dir/stderr"; } || hz_fail "stdout or stderr can't be written"
  cd "$hz_dir/work" || hz_fail "work can't be entered"
}

# hz_run: the payload, from its start to its end: hz_code, hz_signal.
hz_run() {
  export HAWSER_RESTART="$hz_n"
  # What was no reason not to start it is not for it either.
  hz_queue=${hz_told:+ $hz_told}
  # Before the payload, which may be over before a bash has come to wait for it.
  if hz_first "$hz_dir/walltime"; then
    trap hz_late ALRM
    hz_time=$hz_line
    hz_first "$hz_dir/warning" || hz_line=
    # shellcheck disable=SC2086
    hz_watch_time "$hz_time" $hz_line &
    hz_watcher=$!
  fi
  # One line: hz_forward looks for the name behind it in the first line of /proc/PID/cmdline.
  # shellcheck disable=SC2016
  hz_reader='trap "hz=\$?; [ \$hz -gt 0 ] || hz=143; exit \$hz" TERM INT HUP; trap : USR1 USR2; '
  # shellcheck disable=SC2016
  command sh -c "$hz_reader"'hz=$1; shift; . "$hz/payload.sh"' \
    hawser-payload "$hz_dir" </dev/null >>"$hz_dir/stdout" 2>>"$hz_dir/stderr" &
  hz_child=$!
  hz_payload=$hz_child
  # What came in before we knew its number.
  hz_deliver
  # bash forgets how a job ended when it is waited for; in POSIX mode, CHLD comes first, and `jobs` can tell then.
  hz_scratch=$hz_dir/reserve.$hz_n
  if [ -n "${BASH_VERSION-}" ]; then
    trap 'jobs 1<>"$hz_scratch"' CHLD
    jobs 1<>"$hz_scratch"
  fi
  while :; do
    wait "$hz_child"
    hz_code=$?
    # Over 128: it ended so, or a signal of ours interrupted the wait.
    [ "$hz_code" -le 128 ] || ! kill -0 "$hz_child" || continue
    break
  done
  # From here on a trap changes nothing but hz_told.
  hz_payload='' hz_said=''
  if [ "$hz_code" -gt 128 ]; then
    wait "$hz_child"
    hz_again=$?
    [ "$hz_again" -eq 127 ] || hz_code=$hz_again
    hz_how
    # Asked a second time, 127 may be the payload's own.
    case $hz_said in "["*" Done(127) "* | "["*" Exit 127 "*) hz_code=127 ;; esac
  fi
  [ -z "${BASH_VERSION-}" ] || trap - CHLD
  hz_signal=
  [ "$hz_code" -gt 128 ] || return 0
  # `[1] + Done(137)`: it exited so by itself. `Killed`, or no answer: a signal, if there is one of this number.
  case $hz_said in "["*Done* | "["*Exit*) return 0 ;; esac
  kill -l "$((hz_code - 128))" 1<>"$hz_scratch" && hz_first "$hz_scratch" || return 0
  hz_line=${hz_line%% *}
  case ${hz_line#SIG} in "" | *[!A-Z0-9+-]*) ;; *) hz_signal=${hz_line#SIG} ;; esac
} 2>/dev/null

# hz_how: in hz_said what `jobs` says of a payload that has exited, and not of the watcher. (bash has said it by now.)
hz_how() {
  [ -n "${BASH_VERSION-}" ] || jobs 1<>"$hz_scratch"
  while IFS= read -r hz_line; do
    case $hz_line in
      "["*Running*) ;;
      "["*Done* | "["*Exit*) hz_said=$hz_line && return ;;
      *) return ;;
    esac
  done <"$hz_scratch"
}

# hz_uptime: seconds since boot in hz_up, whole ones; the clock that nobody sets.
hz_uptime() {
  hz_up=
  hz_first /proc/uptime && hz_up=${hz_line%%.*}
}

# Nothing of the environment bends what follows: options (bash takes them from SHELLOPTS), IFS, stdin.
set +aefuvxC
IFS=" 	$hz_newline"
exec </dev/null
hz_home=$1 hz_token=$2 hz_native=$3 hz_n=${4:-0}
hz_dir=$hz_home/jobs/$hz_token
hz_payload='' hz_told='' hz_queue='' hz_busy='' hz_held='' hz_again='' hz_at='' hz_why='' hz_peak='' hz_limit='' hz_watcher=''
case $hz_n in *[!0-9]*) exit 112 ;; esac
case $hz_native in f?* | ƒ?*) hz_decimal "$hz_native" ;; esac

# Never created here: on a node that does not see our directory, nothing may run. A network file system may lag.
hz_tries=3
until hz_first "$hz_dir/token"; do
  hz_tries=$((hz_tries - 1))
  [ "$hz_tries" -gt 0 ] || exit 113
  command sleep 1
done
[ "${hz_line%% *}" = "$hz_token" ] || exit 113

for hz_signal in TERM INT HUP ALRM USR1 USR2 XCPU; do
  # shellcheck disable=SC2064
  trap "hz_signalled $hz_signal" "$hz_signal"
done
hz_first /proc/sys/kernel/random/uuid || hz_line=$$-$(command od -An -N8 -tx1 /dev/urandom | command tr -d ' \n')
hz_nonce=$hz_line

hz_hold
hz_now
hz_begin
[ -z "$hz_told" ] || hz_fail "the manager ended it ($hz_told) before the payload was started"
hz_run
# Told to end only now: the payload had ended well by itself. (What failed may have been told together with us.)
[ "$hz_code" -ne 0 ] || trap '' TERM INT HUP ALRM
if [ -n "$hz_watcher" ]; then
  # Between its fork and its trap it swallows TERM, and would keep us until the walltime is over. STOP: no new sleep.
  kill -s STOP "$hz_watcher"
  hz_descend "$hz_watcher"
  # shellcheck disable=SC2086
  kill -s KILL $hz_pids
  wait "$hz_watcher"
fi 2>/dev/null

hz_uptime
if [ -n "$hz_up" ]; then hz_ended=$((hz_at + hz_up - hz_up_before)); else hz_ended=$(command date +%s); fi
hz_memory
hz_list
# Of a payload of several processes that failed, some may be left.
[ "$hz_code" -eq 0 ] || hz_sweep "$hz_dir" "$hz_token" "$$"
# Some eleven minutes.
hz_write_exit 24
# To Grid Engine 99 is an order to start the job again, and 100 to keep it in an error state. The record has the code.
case ${SGE_JOB_SPOOL_DIR:+sge}$hz_code in sge99 | sge100) exit 1 ;; esac
exit "$hz_code"
