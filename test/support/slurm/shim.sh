#!/bin/sh
# Slurm's commands before the real ones on PATH (links to this file): hands everything on to them, and has go wrong what a
# test wants to go wrong.
# SHIM_REAL is the folder of the real ones. SHIM_STATE is a folder: calls (a line for each), and fault.VERB (`once KIND` or
# `always KIND`) for submit, list, history and cancel. blind: jobs do not see their directory. lag: of those that have ended
# nothing is told. says: `ID WORD`, said of ID in place of Slurm's own word. nowhere.conf leads to no controller,
# deaf.conf to one that hangs up on each request, mute.conf to one that hangs up when it has carried it out.

program=${0##*/}
real=${SHIM_REAL:?}/$program
us=$(printf '\037')
calls_in=${SHIM_STATE:?}
# shellcheck source-path=SCRIPTDIR source=../called.sh
. "${SHIM_CALLED:?}"

through() {
  SLURM_CONF=${SHIM_STATE:?}/$1.conf
  export SLURM_CONF
}

# heard VERB WORD...: as called; one that is to find nobody is sent to where nobody listens.
heard() {
  called "$@"
  [ "$fault" != down ] || through nowhere
}

submit() {
  case $fault in
    limit) set -- --qos=fullq "$@" ;;
    lost-before) through deaf ;;
    lost-after) through mute ;;
    double) "$real" "$@" >/dev/null ;;
  esac
  for word; do
    case $word in
      --partition=*) [ "$fault" != rejected ] || word=--partition=nope ;;
      --chdir=* | --output=* | --error=*) [ ! -e "$SHIM_STATE/blind" ] || word=${word%%=*}=/nonexistent/log ;;
    esac
    set -- "$@" "$word"
    shift
  done
  exec "$real" "$@"
}

list() {
  case $fault in '' | down) [ -e "$SHIM_STATE/lag" ] || [ -e "$SHIM_STATE/says" ] || exec "$real" "$@" ;; esac
  told=$("$real" "$@"; code=$?; echo .; exit "$code")
  code=$?
  told=$(printf '%s' "${told%.}" | retold && echo .)
  told=${told%.}
  case $fault in
    empty) ;;
    # Within the last record, or the head where there is none.
    cut) printf '%s' "${told%????????????}" ;;
    noise) printf '%s\n%sMind the gap.\n' 'Welcome. 4711 users are logged in.' "$told" ;;
    *) printf '%s' "$told" ;;
  esac
  exit "$code"
}

# Records behind their head, with the id first.
retold() {
  awk -F "$us" -v OFS="$us" -v words="$SHIM_STATE/says" -v lag="$([ ! -e "$SHIM_STATE/lag" ] || echo 1)" '
    BEGIN { while ((getline line < words) > 0) { split(line, pair, " "); said[pair[1]] = pair[2] } }
    NR == 1 { for (i = 1; i <= NF; i++) if (toupper($i) == "STATE") state = i }
    NR > 1 && lag && $state !~ /^(PENDING|RUNNING|SUSPENDED)/ { next }
    NR > 1 && $1 in said { $state = said[$1] }
    { print }'
}

case $program in
  sbatch) heard submit "$@" && submit "$@" ;;
  squeue) heard list "$@" && list "$@" ;;
  sacct) heard history "$@" && list "$@" ;;
  scancel) heard cancel "$@" ;;
  *) heard "$1" "$@" ;;
esac
exec "$real" "$@"
