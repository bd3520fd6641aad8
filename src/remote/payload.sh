# shellcheck shell=sh
# What the payload.sh of a job is made of: it sources this file and calls these functions, one a line.

hz_secret_names='' hz_watch=''

hz_payload_fail() {
  printf 'hawser: %s\n' "$1" >&2
  exit 1
}

# hz_enter DIRECTORY: into the working directory of the job.
hz_enter() {
  hz_directory=$1
  cd "$1/work" || hz_payload_fail "the working directory $1/work is not there"
}

# hz_login: makes `module` known. A batch shell is no login shell, and functions of bash don't reach other shells.
hz_login() {
  command -v module >/dev/null 2>&1 && return 0
  # These files are not ours: they may fail, and they may look at our arguments.
  set --
  if [ -n "${MODULESHOME-}" ] && [ -r "$MODULESHOME/init/sh" ]; then
    # shellcheck source=/dev/null
    . "$MODULESHOME/init/sh" || :
  elif [ -r /etc/profile ]; then
    # shellcheck source=/dev/null
    . /etc/profile || :
  fi
  cd "$hz_directory/work" || hz_payload_fail "the working directory $hz_directory/work is not there"
}

# hz_modules NAME...: loads them in this order. One that can't be loaded ends the job with exit code 1.
hz_modules() {
  command -v module >/dev/null 2>&1 ||
    hz_payload_fail "module $1 can't be loaded: this host knows no command \"module\""
  for hz_module; do
    hz_loaded=${LOADEDMODULES-}
    module load "$hz_module" || hz_payload_fail "module $hz_module can't be loaded"
    # Environment Modules 3 returns 0 also when it fails, and then changes nothing.
    case ${MODULE_VERSION-} in
      3.*)
        case ":${LOADEDMODULES-}:" in
          ":$hz_loaded:")
            case ":$hz_loaded:" in
              *":$hz_module:"* | *":$hz_module/"*) ;;
              *) hz_payload_fail "module $hz_module can't be loaded" ;;
            esac
            ;;
        esac
        ;;
    esac
  done
}

# hz_secrets TOKEN NAME...: reads them and removes their file. They are exported to nothing but the payload.
hz_secrets() {
  hz_text=$1
  shift
  [ -r "$hz_directory/secrets" ] ||
    hz_payload_fail "the secrets of this job are gone: they can be read once, and it was started before"
  # shellcheck source=/dev/null
  . "$hz_directory/secrets"
  rm -f "$hz_directory/secrets"
  [ ! -e "$hz_directory/secrets" ] || hz_payload_fail "the secrets of this job can't be removed"
  # The last line of the file.
  [ "${hz_secrets_of-}" = "$hz_text" ] || hz_payload_fail "the secrets of this job can't be read to their end"
  unset hz_secrets_of
  hz_secret_names=$*
  for hz_name; do
    # One that came from outside stays exported when it gets a value.
    eval "hz_text=\$$hz_name; unset $hz_name; $hz_name=\$hz_text"
  done
  unset hz_text
}

# hz_prologue TEXT: the user's lines, in this shell. Text with a syntax error ends the job.
hz_prologue() {
  hz_whole=
  # bash goes on after such an error in a function: then it has not come to the second line.
  hz_evaluate "$1
hz_whole=1" || [ -n "$hz_whole" ] || hz_payload_fail "the prologue can't be read to its end"
  cd "$hz_directory/work" || hz_payload_fail "the working directory $hz_directory/work is not there"
}

hz_evaluate() {
  hz_text=$1
  set --
  eval "$hz_text"
}

# hz_exec STDIN ARGV...: this process becomes the payload, so that its signals and its end are the payload's own.
hz_exec() {
  if [ ! -r "$1" ]; then
    hz_payload_fail "the payload's stdin $1 is not readable"
  fi
  exec <"$1"
  shift
  # Not split by IFS, which the prologue may have changed.
  [ -z "$hz_secret_names" ] || eval "export $hz_secret_names"
  exec "$@"
}

# hz_run EPILOGUE STDIN ARGV...: the payload, then the epilogue, whatever happened; ends as the payload did. The wrapper
# sends its signals to the payload as well: this shell only has to outlive them.
hz_run() {
  set +e
  hz_epilogue=$1
  shift
  # Of an earlier start in this directory.
  [ ! -e "$hz_directory/rank-ended" ] || rm -f "$hz_directory/rank-ended"
  trap : HUP INT TERM USR1 USR2
  (
    # The launcher's number, which this subshell has until then. An orphan: the launcher may wait for all of its children.
    if [ -n "$hz_watch" ] && IFS=" " read -r hz_name hz_line 2>/dev/null </proc/self/stat; then ("$hz_watch" "$hz_name" &); fi
    hz_exec "$@"
  )
  hz_code=$?
  hz_judge_launch
  # In a subshell: an `exit` or a syntax error in it ends nothing else.
  (
    HAWSER_EXIT_CODE=$hz_code
    export HAWSER_EXIT_CODE
    [ -z "$hz_secret_names" ] || eval "unset $hz_secret_names"
    set --
    eval "$hz_epilogue"
  ) </dev/null
  trap - HUP INT TERM USR1 USR2
  # 128 + n: so that a death by a signal is seen as one. (No shell tells it from an exit with that number.)
  hz_signal=$(kill -l "$((hz_code - 128))" 2>/dev/null) || hz_signal=
  case $hz_code/${hz_signal#SIG} in
    12[0-8]/* | ?/* | ??/* | 1[01]?/*) ;;
    */HUP | */INT | */QUIT | */ILL | */TRAP | */ABRT | */BUS | */FPE | */KILL | */USR[12] | */SEGV | */PIPE | */ALRM | */TERM | */XCPU | */XFSZ)
      # The payload has dumped its core already.
      # shellcheck disable=SC3045
      ulimit -c 0 2>/dev/null
      kill -s "${hz_signal#SIG}" "$$"
      ;;
  esac
  exit "$hz_code"
}

# hz_judge_launch: after a launcher's end. What its first process to fail left (rank.sh) is what happened: srun and Hydra
# give the code of those that they ended because of that one.
hz_judge_launch() {
  [ "$hz_code" -ne 0 ] && [ -r "$hz_directory/rank-ended" ] || return 0
  IFS=" " read -r hz_name hz_text hz_line <"$hz_directory/rank-ended" || return 0
  case $hz_text in '' | *[!0-9]*) return 0 ;; esac
  hz_code=$hz_text
  printf 'hawser: the first process to fail was rank %s on %s, with %s\n' "$hz_name" "$hz_line" "$(hz_end_text "$hz_code")" >&2
}

# hz_end_text CODE
hz_end_text() {
  if [ "$1" -gt 128 ] && hz_name=$(kill -l "$(($1 - 128))" 2>/dev/null) && [ -n "$hz_name" ]; then
    printf 'signal %s' "${hz_name#SIG}"
  else
    printf 'exit code %s' "$1"
  fi
}
