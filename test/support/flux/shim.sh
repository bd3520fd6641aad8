#!/bin/sh
# `flux` before the real one on PATH: hands everything on to it, and has go wrong what a test wants to go wrong.
# SHIM_REAL is the real one. SHIM_STATE is a folder: uri (of the instance), calls (a line for each), and fault.VERB (`once
# KIND` or `always KIND`) for submit, list, history and cancel. blind: jobs do not see their directory.

IFS= read -r FLUX_URI <"${SHIM_STATE:?}/uri"
export FLUX_URI
real=${SHIM_REAL:?}

calls_in=$SHIM_STATE
# shellcheck source-path=SCRIPTDIR source=../called.sh
. "${SHIM_CALLED:?}"

nowhere() { FLUX_URI=local:///nonexistent/local-0 exec "$real" "$@"; }

submit() {
  called submit "$@"
  case $fault in
    down) nowhere "$@" ;;
    rejected)
      verb=$1
      shift
      exec "$real" "$verb" --queue=nope "$@"
      ;;
    limit)
      "$real" queue disable --quiet --message='too many for today'
      "$real" "$@"
      code=$?
      "$real" queue enable --quiet
      exit "$code"
      ;;
    # Before it has come to speak to anybody.
    lost-before) exec timeout -s KILL 0.01 "$real" "$@" ;;
    lost-after)
      "$real" "$@" >/dev/null
      kill -s KILL "$$"
      ;;
    double)
      "$real" "$@"
      exec "$real" "$@" >/dev/null
      ;;
  esac
  if [ -e "$SHIM_STATE/blind" ]; then
    for word; do
      case $word in
        --cwd=*) word=--cwd=/nonexistent ;;
        --output=*) word=--output=/nonexistent/log ;;
        /*) word=/nonexistent/job.sh ;;
      esac
      set -- "$@" "$word"
      shift
    done
  fi
  exec "$real" "$@"
}

list() {
  verb=list
  for word; do
    case $word in -a | [1-9]*) verb=history ;; esac
  done
  called "$verb" "$@"
  case $fault in
    '') exec "$real" "$@" ;;
    down) nowhere "$@" ;;
  esac
  told=$("$real" "$@")
  code=$?
  answer "$code" "$told"
}

case $1/${2-} in
  submit/* | batch/*) submit "$@" ;;
  jobs/*) list "$@" ;;
  cancel/* | job/kill)
    called cancel "$@"
    [ "$fault" != down ] || nowhere "$@"
    ;;
  *) called "$1" "$@" ;;
esac
exec "$real" "$@"
