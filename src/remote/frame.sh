# shellcheck shell=sh disable=SC2154 # variables of facts.sh
# The framed shell: what every shell of ours reads first. POSIX sh only; dash, bash and busybox sh run it. Needs facts.sh.
#
# A request is one compound command, `{ hz_frame ID … }`. Its answer, on the shell's own stdout:
#
#   ID begin                  the command starts now; deadlines run from here
#   ID reply CODE LENGTH      then LENGTH bytes of captured stdout, then a newline and `ID end`
#   ID toolong CODE LENGTH    instead, when LENGTH is over the request's limit
#
# and on its stderr everything between `ID err` and `ID rre`. An answer's last five bytes are ours: `-hz.`, or `Thz.`
# when the watchdog ended the command, after a newline. NUL bytes are lost in a capture: binary data goes over channels of its own.

set +eux
# What is the login's own and would bend our shells is put aside for the jobs (hz_as_login): none of it is exported.
# shellcheck disable=SC2034 # for the verbs that start jobs
hz_login_umask=$(umask)
umask 077
hz_login_kept=
for hz_name in LC_ALL ENV BASH_ENV CDPATH HISTFILE; do
  eval "hz_login_value=\${$hz_name-}"
  [ -n "$hz_login_value" ] || continue
  eval "hz_login_$hz_name=\$hz_login_value"
  hz_login_kept="$hz_login_kept $hz_name"
done
# Locale C: texts of the scheduler are in English, and ${#x} counts bytes.
LC_ALL=C
export LC_ALL
unset ENV BASH_ENV HISTFILE CDPATH
# Of the session that we came by; jobs outlive it.
unset SSH_AUTH_SOCK SSH_CLIENT SSH_CONNECTION SSH_ORIGINAL_COMMAND SSH_TTY
IFS=' 	
'
cd "${HOME:-/}" 2>/dev/null || cd /
hz_watcher='' hz_setsid=
command -v setsid >/dev/null 2>&1 && hz_setsid=setsid

# hz_frame ID SECONDS LIMIT ARGV...
# Runs ARGV in a subshell and answers as described above. One fork: the capture, which also keeps cd, exit and
# variables of a command to itself. LIMIT: bytes of stdout. SECONDS 0: no watchdog. Below 0: roughly so long, by one
# watchdog for all such commands, which costs next to nothing; what it has ended is a command that was killed.
hz_frame() {
  hz_id=$1 hz_seconds=$2 hz_limit=$3
  shift 3
  printf '%s err\n' "$hz_id" >&2
  printf '\n%s begin\n' "$hz_id"
  if [ "$hz_seconds" -gt 0 ]; then
    # A background command loses its stdin unless it is handed over by another number: here, because a bash that reads
    # its commands from a pipe crashes on `4<&0` inside a capture (5.2). Verbs must not do that either.
    { hz_output=$(hz_timed "$hz_seconds" "$@"); } 4<&0
  else
    if [ "$hz_seconds" -lt 0 ] && ! { [ -n "$hz_watcher" ] && kill -0 "$hz_watcher" 2>/dev/null; }; then
      hz_keep_watch "${hz_seconds#-}" &
      hz_watcher=$!
    fi
    hz_output=$(
      trap 'printf "\n-hz."' 0
      "$@"
    )
  fi
  hz_code=$?
  printf '\n%s rre\n' "$hz_id" >&2
  if [ "${#hz_output}" -gt "$hz_limit" ]; then
    printf '\n%s toolong %s %s\n' "$hz_id" "$hz_code" "${#hz_output}"
  else
    printf '\n%s reply %s %s\n%s\n%s end\n' "$hz_id" "$hz_code" "${#hz_output}" "$hz_output" "$hz_id"
  fi
  hz_output=
}

# hz_timed SECONDS ARGV...
# Runs ARGV with a watchdog beside it. Programs get a process group of their own; a verb of ours (hz_…) can't, so the
# watchdog looks for its descendants. Stdin of ARGV is our number 4. Exit code of ARGV.
hz_timed() {
  hz_seconds=$1
  shift
  case $1 in hz_*) hz_setsid= ;; esac
  # shellcheck disable=SC2086
  $hz_setsid "$@" <&4 4<&- &
  hz_child=$!
  hz_watch "$hz_seconds" "$hz_child" "$hz_setsid" </dev/null >/dev/null 2>&1 4<&- &
  hz_dog=$!
  wait "$hz_child"
  hz_code=$?
  kill -s TERM "$hz_dog" 2>/dev/null
  wait "$hz_dog" 2>/dev/null
  case $? in
    99) printf '\nThz.' ;;
    *) printf '\n-hz.' ;;
  esac
  return "$hz_code"
}

# hz_watch SECONDS PID GROUP
# Waits, then ends PID: TERM, and KILL two seconds later. GROUP is not empty when PID leads a process group.
# Told that PID is over (TERM), it exits: with 99 if it had begun to act, and then it kills what is left at once.
hz_watch() {
  hz_sleep='' hz_status=0 hz_targets=''
  # shellcheck disable=SC2086
  trap '[ -z "$hz_sleep" ] || kill "$hz_sleep"; [ -z "$hz_targets" ] || kill -s KILL -- $hz_targets; exit "$hz_status"' TERM
  sleep "$1" &
  hz_sleep=$!
  wait "$hz_sleep"
  hz_status=99 hz_sleep=''
  if [ -n "$3" ]; then hz_targets=-$2; else hz_descend "$2" && hz_targets=$hz_pids; fi
  # shellcheck disable=SC2086
  kill -s TERM -- $hz_targets
  sleep 2 &
  hz_sleep=$!
  wait "$hz_sleep"
  hz_sleep=''
  # shellcheck disable=SC2086
  kill -s KILL -- $hz_targets
  exit 99
}

# hz_keep_watch SECONDS
# The watchdog of a whole shell: ends what a command of ours has started when the command is at work for SECONDS, or for
# ten more. It looks now and then, and is gone when there is nothing at work; the next command starts another one.
hz_keep_watch() {
  exec </dev/null >/dev/null 2>&1
  hz_step=10 hz_before=''
  [ "$1" -ge 10 ] || hz_step=$1
  # In a subshell, $$ is the shell's own number and not ours.
  hz_self=$(exec sh -c 'echo "$PPID"')
  while :; do
    sleep "$hz_step"
    hz_children "$$"
    hz_found=''
    for hz_pid in $hz_kids; do
      if [ "$hz_pid" -ne "$hz_self" ] && hz_process "$hz_pid"; then hz_found="$hz_found $hz_pid:$hz_birth"; fi
    done
    [ -n "$hz_found" ] || exit 0
    if [ "$hz_found" != "$hz_before" ]; then
      hz_before=$hz_found hz_rest=$1
      continue
    fi
    hz_rest=$((hz_rest - hz_step))
    [ "$hz_rest" -le 0 ] || continue
    # Not the command's own shell, which has to tell how it went.
    hz_below=''
    for hz_pid in $hz_found; do
      hz_descend "${hz_pid%:*}"
      hz_below="$hz_below ${hz_pids#* }"
    done
    # shellcheck disable=SC2086
    kill -s TERM $hz_below
    sleep 2
    # shellcheck disable=SC2086
    kill -s KILL $hz_below
  done
}

# hz_bulk ID
# `ID begin` on stdout: now it waits for a number, and so many lines: the text of a command. It runs that with what
# follows as its stdin, and with the channel's own stdout and stderr, and ends the shell: no byte of bulk data is ever
# read as a command. `ID exit CODE` on stderr.
hz_bulk() {
  hz_id=$1 hz_text=''
  printf '%s err\n' "$hz_id" >&2
  printf '\n%s begin\n' "$hz_id"
  # By bytes, as the standard wants it: what follows is not ours.
  IFS= read -r hz_rest || exit 0
  while [ "$hz_rest" -gt 0 ]; do
    IFS= read -r hz_line || exit 0
    hz_text=$hz_text$hz_line$hz_newline hz_rest=$((hz_rest - 1))
  done
  (eval "$hz_text")
  hz_code=$?
  printf '\n%s exit %s\n' "$hz_id" "$hz_code" >&2
  exit "$hz_code"
}
