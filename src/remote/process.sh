# shellcheck shell=sh disable=SC2154
# The manager that is the process table: processes that outlive the shell that started them. Needs submit.sh, hosts.sh and what
# that needs.
#
# A native id is `BOOT8.PID.BIRTH`: the first 8 hex digits of the boot id (what there is of it), the pid of the session
# leader and its start time (clock ticks since boot). The job finds it in HAWSER_NATIVE_ID, its token in HAWSER_TOKEN.
# All words below are without blanks. Each answer closes with `end`; exit codes as in verbs.sh.
#
#   hz_spawn HOME TOKEN                  to be run through hz_submit: it starts one process each time it is called
#     process TOKEN NATIVE_ID MACHINE BOOT PIDNS PID BIRTH
#   hz_processes HOME TOKEN...
#     host MACHINE BOOT PIDNS            of the machine that answers
#     process TOKEN STATE NATIVE_ID      for each token; `-` where the native id is not known
#       over      the leader has written its exit record and was not told to end; it may be there for a moment still
#       alive     the leader lives
#       stopped   it lives, and somebody has stopped it (STOP)
#       left      the leader is gone; others of its group and session live. Where it left no exit record, that is, where
#                 it was killed, whatever carries HAWSER_TOKEN counts too
#       gone      none of them, or the machine has booted since
#       elsewhere it was started on another machine or in another pid namespace: no evidence
#       unknown   there is no whole `process` file (see hz_find_processes)
#   hz_kill HOME OWNER TOKEN SIGNAL      the whole session: process group, descendants, all that carry HAWSER_TOKEN
#     kill TOKEN signalled|over|gone|elsewhere|unknown
#   hz_find_processes TOKEN...           a look at every process of this machine; all that run our job.sh or wrapper
#     host MACHINE BOOT PIDNS
#     found TOKEN NATIVE_ID

# hz_spawn: the new session's first process writes the record before it becomes job.sh, so none is without a record.
hz_spawn() {
  hz_token "$2"
  hz_home "$1"
  hz_host
  hz_namespace
  # A session of its own: it gets no HUP when ours ends, and nothing that is sent to our process group.
  # bash, which macOS has without setsid, makes a process group at least.
  if command -v setsid >/dev/null 2>&1; then
    set -- "$1" "$2" setsid
  else
    set -- "$1" "$2" nohup
    case ${BASH_VERSION-} in ?*) set -m ;; esac
  fi
  # shellcheck disable=SC2016
  hz_line=$(
    hz_as_login
    HAWSER_TOKEN=$2
    export HAWSER_TOKEN
    cd "$1/jobs/$2" || exit 96
    "$3" sh -c "$hz_stub" hawser-spawn "$1/jobs/$2" "$hz_machine" "$hz_boot" "$hz_pidns" </dev/null 2>>scheduler.log &
  )
  case $hz_line in
    *.*" "*" "*)
      printf 'process %s %s\nend\n' "$2" "$hz_line"
      ;;
    *)
      hz_first "$1/jobs/$2/scheduler.log"
      printf 'no process was started: %s\n' "$hz_line" >&2
      exit 96
      ;;
  esac
}

# What the new process does: finds out its start time, writes the record, says so, and becomes job.sh.
# shellcheck disable=SC2016
hz_stub='
dir=$1 machine=$2 boot=$3 ns=$4
if [ -r /proc/self/stat ]; then
  read -r stat </proc/self/stat
  set -- ${stat##*) }
  birth=${20}
else
  set -- $(ps -o lstart= -p $$)
  birth=$1-$2-$3-$4-$5
fi
HAWSER_NATIVE_ID=${boot%"${boot#????????}"}.$$.$birth
export HAWSER_NATIVE_ID
printf "native %s\nmachine %s\nboot %s\npidns %s\npid %s\nbirth %s\nend\n" \
  "$HAWSER_NATIVE_ID" "$machine" "$boot" "$ns" "$$" "$birth" >"$dir/process" || exit 96
printf "%s\n" "$HAWSER_NATIVE_ID $machine $boot $ns $$ $birth"
exec sh "$dir/job.sh" >>"$dir/scheduler.log" 2>&1
'

hz_processes() {
  hz_home "$1"
  hz_host
  hz_namespace
  printf 'host %s %s %s\n' "$hz_machine" "$hz_boot" "$hz_pidns"
  shift
  for hz_name; do
    hz_token "$hz_name"
    hz_look "$hz_name"
    printf 'process %s %s %s\n' "$hz_name" "$hz_word" "$hz_native"
  done
  printf 'end\n'
}

# hz_look TOKEN: as hz_look_here; and before processes are said to be gone without a word of theirs, what they may have left
# on other hosts is ended, once.
hz_look() {
  hz_look_here "$1"
  [ "$hz_word" = gone ] && [ -r "jobs/$1/hosts" ] && [ ! -e "jobs/$1/swept" ] || return 0
  [ ! -e "jobs/$1/exit.0" ] || return 0
  hz_sweep "jobs/$1" "$1" - 2>>"jobs/$1/scheduler.log"
  printf '' >"jobs/$1/swept"
}

# hz_look_here TOKEN: hz_word, the state of the process that its record names; hz_native and hz_leader, which is empty where
# its number is another's by now.
hz_look_here() {
  hz_native=- hz_word=unknown hz_record=''
  [ -r "jobs/$1/process" ] || return 0
  while read -r hz_key hz_value; do
    case $hz_key in
      native) hz_id=$hz_value ;;
      machine) hz_its_machine=$hz_value ;;
      boot) hz_its_boot=$hz_value ;;
      pidns) hz_its_pidns=$hz_value ;;
      pid) hz_leader=$hz_value ;;
      birth) hz_its_birth=$hz_value ;;
      end) hz_record=whole ;;
    esac
  done <"jobs/$1/process"
  [ "$hz_record" = whole ] || return 0
  hz_native=$hz_id hz_word=elsewhere
  [ "$hz_its_machine" = "$hz_machine" ] || return 0
  hz_word=gone
  [ "$hz_its_boot" = "$hz_boot" ] || return 0
  hz_word=elsewhere
  [ "$hz_its_pidns" = "$hz_pidns" ] || return 0
  hz_word=gone
  if hz_process "$hz_leader"; then
    # The kernel gives out no number that still names a group or a session.
    [ "$hz_birth" = "$hz_its_birth" ] || hz_leader=
    case $hz_leader$hz_state in [0-9]*[ZX]*) ;; [0-9]*T*) hz_word=stopped ;; [0-9]*) hz_word=alive ;; esac
  fi
  if hz_ended "jobs/$1/exit.0"; then
    # The usual end: no search for what it may have left, which reads all of the process table.
    [ "$hz_stopped" = wrapper ] || hz_word=over
    case $hz_word in gone) ! kill -0 "-$hz_leader" 2>/dev/null || hz_left ;; esac
  elif [ "$hz_word" = gone ] && [ -r "jobs/$1/hosts" ]; then
    # Its mpirun is of its session, and without one what carries the token is nobody's: hz_look ends it.
    hz_left
  elif [ "$hz_word" = gone ]; then
    hz_left "$1"
  fi
}

# hz_left [TOKEN]: `left` in hz_word if something of its session or with the token lives. Where nobody reaps them, the
# dead stay in the table.
hz_left() {
  if [ ! -r /proc/self/stat ]; then
    ! kill -0 "-$hz_leader" 2>/dev/null || hz_word=left
    return 0
  fi
  hz_session_of "$hz_leader" "$@"
  for hz_pid in $hz_pids; do
    hz_process "$hz_pid" || continue
    case $hz_state in [ZX]*) ;; *) hz_word=left ;; esac
  done
}

# The leader is the wrapper, which hands a signal on to what has to have it: signalling all would signal the payload
# twice. KILL, STOP and CONT can't be handed on, and without a leader nobody does it.
hz_kill() {
  hz_token "$3"
  hz_may "$1" "$2"
  hz_host
  hz_namespace
  hz_look "$3"
  case $hz_word in
    alive | stopped | left)
      case $hz_word$4 in
        left* | *KILL | *STOP | *CONT)
          hz_signal_session "$4" "$3"
          # And once more for those that were being started meanwhile.
          if [ "$4" = KILL ]; then
            kill -s KILL -- "-$hz_leader" 2>/dev/null
            hz_sweep "jobs/$3" "$3" - 2>>"jobs/$3/scheduler.log"
          fi
          ;;
        *)
          kill -s "$4" "$hz_leader" 2>/dev/null
          # What is stopped hears of it when it goes on.
          [ "$hz_word" = alive ] || hz_signal_session CONT "$3"
          ;;
      esac
      hz_word=signalled
      ;;
  esac
  printf 'kill %s %s\nend\n' "$3" "$hz_word"
}

# hz_signal_session SIGNAL TOKEN: to all that hz_session_of finds.
hz_signal_session() {
  hz_session_of "$hz_leader" "$2"
  # shellcheck disable=SC2086
  kill -s "$1" $hz_pids 2>/dev/null
}

# hz_session_of PID [TOKEN]: in hz_pids PID, its descendants, its group and session, and who carries the token.
hz_session_of() {
  hz_descend "$1"
  hz_pids=" $hz_pids "
  for hz_file in /proc/[0-9]*; do
    hz_pid=${hz_file#/proc/}
    hz_process "$hz_pid" || continue
    [ "$hz_session" = "$1" ] || [ "$hz_group" = "$1" ] || continue
    case $hz_pids in *" $hz_pid "*) ;; *) hz_pids="$hz_pids$hz_pid " ;; esac
  done
  [ $# -gt 1 ] || return 0
  # Those that left the session and lost their parent.
  # shellcheck disable=SC2013 # no blanks in these
  for hz_file in $(command grep -lF -e "HAWSER_TOKEN=$2" /proc/[0-9]*/environ 2>/dev/null); do
    hz_pid=${hz_file#/proc/}
    hz_pid=${hz_pid%/environ}
    case $hz_pids in *" $hz_pid "*) ;; *) hz_pids="$hz_pids$hz_pid " ;; esac
  done
}

hz_find_processes() {
  hz_host
  hz_namespace
  for hz_name; do hz_token "$hz_name"; done
  printf 'host %s %s %s\n' "$hz_machine" "$hz_boot" "$hz_pidns"
  hz_tokens=$*
  if [ $# -eq 0 ]; then
    # Only who answers was asked.
    :
  elif [ -r /proc/self/stat ]; then
    for hz_name; do
      set -- "$@" -e "$hz_name"
      shift
    done
    # 0: some; 1: none, which is an answer; 2 also when a process ended meanwhile, so the shell looks for itself.
    hz_files=$(command grep -lF "$@" /proc/[0-9]*/cmdline 2>/dev/null)
    [ -n "$hz_files" ] || command -v grep >/dev/null 2>&1 || hz_files=$(printf '%s\n' /proc/[0-9]*/cmdline)
    for hz_file in $hz_files; do
      hz_first "$hz_file" || continue
      hz_pid=${hz_file#/proc/}
      hz_found "${hz_pid%/cmdline}" "$hz_line"
    done
  else
    command ps -A -o pid= -o command= | while read -r hz_pid hz_line; do hz_found "$hz_pid" "$hz_line"; done
  fi
  printf 'end\n'
}

# hz_found PID ARGV: says so if it leads a session of ours. (In /proc the words of an argv have no blanks between them.)
hz_found() {
  for hz_name in $hz_tokens; do
    case $2 in
      *"sh"*"/jobs/$hz_name/job.sh" | *"sh"*/bin/wrapper.*"$hz_name"*) ;;
      *) continue ;;
    esac
    hz_process "$1" || continue
    [ "$hz_group" = "$1" ] || continue
    case $hz_state in [ZX]*) continue ;; esac
    printf 'found %s %s\n' "$hz_name" "${hz_boot%"${hz_boot#????????}"}.$1.$hz_birth"
  done
}
