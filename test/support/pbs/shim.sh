#!/bin/sh
# PBS's commands before the real ones on PATH (links to this file): hands everything on to them, and has go wrong what a test
# wants to go wrong.
# SHIM_REAL is the folder of the real ones. SHIM_STATE is a folder: calls (a line for each), fault.VERB (`once KIND` or `always KIND`) for
# submit, list, history, cancel and wish; resource, what each submission asks for besides; blind: jobs are told a directory that is
# not there; says, `ID WORD`.

real=${SHIM_REAL:?}/${0##*/}
calls_in=${SHIM_STATE:?}
# shellcheck source-path=SCRIPTDIR source=../called.sh
. "${SHIM_CALLED:?}"

# Nobody listens there.
nowhere() { PBS_BATCH_SERVICE_PORT=1 exec "$real" "$@"; }

submit() {
  called submit "$@"
  # Another queue where it is to be refused, and another script where its node is to see no directory.
  before=''
  for word; do
    case $before/$fault in
      -q/rejected) word=nope ;;
      -q/limit) word=${word}f ;;
    esac
    case $word in /*/job.sh) [ ! -e "$SHIM_STATE/blind" ] || elsewhere ;; esac
    before=$word
    set -- "$@" "$word"
    shift
  done
  if [ -r "$SHIM_STATE/resource" ] && IFS= read -r line <"$SHIM_STATE/resource"; then set -- -l "$line" "$@"; fi
  case $fault in
    down) nowhere "$@" ;;
    # Before it has come to speak to anybody.
    lost-before) kill -s KILL "$$" ;;
    double) "$real" "$@" >/dev/null ;;
    lost-after)
      "$real" "$@" >/dev/null
      kill -s KILL "$$"
      ;;
  esac
  exec "$real" "$@"
}

# The script as it is, but for where its directory is.
elsewhere() {
  sed "s,${word%/jobs/*},/nonexistent,g" "$word" >"$SHIM_STATE/job.sh"
  word=$SHIM_STATE/job.sh
}

# Another word for the state of one.
retold() {
  if [ -r "$SHIM_STATE/says" ] && read -r id said <"$SHIM_STATE/says"; then
    sed "/\"$id\\./,/\"job_state\"/s/\"job_state\":\"[A-Z]\"/\"job_state\":\"$said\"/"
  else
    cat
  fi
}

# tell VERB WORD...: what the real one answers, as it is or as the fault has it.
tell() {
  called "$@"
  shift
  case $fault in down) nowhere "$@" ;; esac
  told=$("$real" "$@")
  code=$?
  [ -z "$told" ] || told=$(printf '%s\n' "$told" | retold)
  answer "$code" "$told"
}

# Of the two that a question is made of, it is about the second one that a fault lies.
choose() {
  called "$@"
  shift
  case $fault in
    down) nowhere "$@" ;;
    noise) echo 'Welcome. 4711 users are logged in.' ;;
  esac
  exec "$real" "$@"
}

case ${0##*/}/${1-} in
  qsub/*) submit "$@" ;;
  qselect/-x) choose history "$@" ;;
  qselect/*) choose list "$@" ;;
  qstat/-x) tell history "$@" ;;
  qstat/*) tell list "$@" ;;
  qdel/* | qsig/*) called cancel "$@" ;;
  *) called wish "$@" ;;
esac
[ "$fault" != down ] || nowhere "$@"
exec "$real" "$@"
