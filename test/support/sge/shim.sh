#!/bin/sh
# Grid Engine's commands before the real ones on PATH (links to this file): hands everything on to them, and has go wrong
# what a test wants to go wrong.
# SHIM_REAL is the folder of the real ones, SHIM_LOCK a file of theirs. SHIM_STATE is a folder: calls (a line for each), natives (`ID
# NAME` of each that was accepted), deleted (ids), fault.VERB (`once KIND` or `always KIND`) for submit, list, history, cancel and
# wish; resource, what each submission asks for besides; says, `ID WORD`; accounting, a copy of that file from before.

real=${SHIM_REAL:?}/${0##*/}
cd "${SHIM_STATE:?}" || exit 3
calls_in=.
# shellcheck source-path=SCRIPTDIR source=../called.sh
. "${SHIM_CALLED:?}"
line=

# Nobody listens there.
nowhere() { SGE_QMASTER_PORT=1 exec "$real" "$@"; }

# ask WORD...: told and code are what qsub answers.
ask() {
  told=$("$real" "$@" 9<&-)
  code=$?
  [ "$code" -ne 0 ] || printf '%s %s\n' "$told" "$its" >>natives
}

# meet WORD...: qsub, while whoever runs the test has set a limit.
meet() {
  : >limit.wanted
  # Unless the test is gone, and this folder with it.
  until [ -e limit.on ] || [ ! -e calls ]; do sleep 0.05; done
  "$real" "$@" 9<&-
  code=$?
  : >limit.met
  while [ -e limit.on ]; do sleep 0.05; done
  exit "$code"
}

submit() {
  called submit "$@"
  # Its name, and another queue where it is to be refused.
  its='' before=''
  for word; do
    case $before/$fault in
      -N/*) its=$word ;;
      -q/rejected) word=nope.q ;;
    esac
    before=$word
    set -- "$@" "$word"
    shift
  done
  if [ -r resource ] && IFS= read -r line <resource; then set -- -l "$line" "$@"; fi
  case $fault in
    down) nowhere "$@" ;;
    # Before it has come to speak to anybody.
    lost-before) kill -s KILL "$$" ;;
  esac
  # A limit is one for all: nobody else's submission is to meet it.
  exec 9<"${SHIM_LOCK:?}"
  case $fault in
    limit) flock -x 9 && meet "$@" ;;
    *) flock -s 9 ;;
  esac
  ask "$@"
  first=$told
  case $fault in
    double) ask "$@" ;;
    lost-after) kill -s KILL "$$" ;;
  esac
  [ -z "$first" ] || printf '%s\n' "$first"
  exit "$code"
}

# tell WORD...: what the real one answers, as it is or as the fault has it.
tell() {
  case $fault in down) nowhere "$@" ;; esac
  told=$("$real" "$@")
  code=$?
  if [ -r says ] && read -r id word <says; then
    told=$(printf '%s\n' "$told" | sed "/<JB_job_number>$id</,/<.job_list>/s,<state>[A-Za-z]*<,<state>$word<,")
  fi
  answer "$code" "$told"
}

delete() {
  told=$("$real" "$@")
  code=$?
  [ -z "$told" ] || printf '%s\n' "$told"
  printf '%s\n' "$told" |
    sed -n 's/.* has deleted job \([0-9]*\).*/\1/p; s/.* registered the job \([0-9]*\) for deletion.*/\1/p' >>deleted
  exit "$code"
}

case ${0##*/}/${1-}/${2-} in
  qsub/*) submit "$@" ;;
  qstat/-xml/-s)
    called list "$@"
    tell "$@"
    ;;
  # Whose a native is that is to be cancelled.
  qstat/-j/* | qdel/hz*) called cancel "$@" ;;
  qacct/*)
    called history "$@"
    [ ! -e accounting ] || set -- -f "$SHIM_STATE/accounting" "$@"
    # It reads a file, and answers where the manager is away.
    case $fault in down) fault='' ;; esac
    tell "$@"
    ;;
  *) called wish "$@" ;;
esac
[ "$fault" != down ] || nowhere "$@"
case $0 in */qdel) delete "$@" ;; esac
exec "$real" "$@"
