#!/bin/sh
# A small batch manager with real state and real processes: `sh fake-manager.sh STATE VERB ARG...`.
#
# STATE/natives/ID/ holds name, submit, script, state (queued, held, running, suspended, ended), word, code and pid; epilog: how long it is
# cleared away, in seconds. STATE/paused: natives stay queued. STATE/fault.VERB: `once KIND` or `always KIND`, what goes
# wrong with the next call.
# Exit codes: 3 not reached, 4 a limit, 5 rejected, 75 cut off: nobody knows.

state=$1 verb=$2
shift 2
cd "$state" || exit 3

put() { printf '%s\n' "$3" >"natives/$1/.$2" && mv -f "natives/$1/.$2" "natives/$1/$2"; }
get() {
  line=
  [ -r "natives/$1/$2" ] && IFS= read -r line <"natives/$1/$2"
}

fault=
if [ -r "fault.$verb" ]; then
  read -r often fault <"fault.$verb"
  [ "$often" = always ] || rm -f "fault.$verb"
fi
printf '%s %s\n' "$verb" "$*" >>calls

accept() {
  [ -r next ] && read -r id <next
  id=${id:-100}
  until mkdir "natives/$id" 2>/dev/null; do id=$((id + 1)); done
  printf '%s\n' "$((id + 1))" >next
  put "$id" name "$1"
  put "$id" script "$2"
  put "$id" submit "$id.$$"
  put "$id" state queued
  [ -e paused ] || setsid sh "$0" "$state" run "$id" </dev/null >/dev/null 2>&1 &
}

case $verb in
  submit)
    case $fault in
      connect) echo 'the manager does not answer' >&2 && exit 3 ;;
      limit) echo 'you may have no more jobs' >&2 && exit 4 ;;
      rejected) echo 'there is no such queue' >&2 && exit 5 ;;
      lost-before) echo 'timed out' >&2 && exit 75 ;;
    esac
    accept "$@"
    first=$id
    [ "$fault" != double ] || accept "$@"
    [ "$fault" != lost-after ] || { echo 'timed out' >&2 && exit 75; }
    printf 'taken %s %s.%s\n' "$first" "$first" "$$"
    ;;
  list | history)
    case $fault in
      down) echo 'the manager does not answer' >&2 && exit 3 ;;
      empty) exit 0 ;;
      garbage) printf 'slurm_load_jobs error: \001\n' && exit 0 ;;
      none) echo end && exit 0 ;;
    esac
    for folder in natives/*; do
      id=${folder#natives/}
      get "$id" state || continue
      its=$line
      case $verb$its in listended | historyqueued | historyrunning) continue ;; esac
      get "$id" code
      code=${line:--}
      get "$id" word
      word=${line:--}
      get "$id" submit
      submit=$line
      get "$id" restarts
      restarts=${line:-0}
      get "$id" name || continue
      printf '%s %s %s %s %s %s %s\n' "$id" "$its" "$word" "$code" "$submit" "$restarts" "$line"
    done
    echo end
    ;;
  run)
    get "$1" state
    [ "$line" = queued ] || exit 0
    get "$1" script
    export FAKE_ID="$1"
    get "$1" restarts && export FAKE_RESTARTS="$line"
    get "$1" script
    setsid sh "$line" </dev/null >/dev/null 2>&1 &
    child=$!
    put "$1" pid "$child"
    put "$1" state running
    wait "$child"
    code=$?
    get "$1" epilog && sleep "$line"
    if [ -e "natives/$1/requeue" ]; then
      mv "natives/$1/requeue" "natives/$1/restarts"
      put "$1" state queued
      [ ! -e paused ] || exit 0
      exec sh "$0" "$state" run "$1"
    fi
    put "$1" code "$code"
    get "$1" word || if [ "$code" = 0 ]; then put "$1" word COMPLETED; else put "$1" word FAILED; fi
    put "$1" state ended
    ;;
  cancel)
    # ID or -, NAME, SIGNAL
    [ "$fault" != down ] || exit 3
    for folder in natives/*; do
      id=${folder#natives/}
      [ "$1" = - ] || [ "$1" = "$id" ] || continue
      get "$id" name
      [ "$line" = "$2" ] || continue
      get "$id" state
      case $line in
        queued | held)
          put "$id" word CANCELLED
          put "$id" state ended
          ;;
        running | suspended)
          put "$id" word CANCELLED
          get "$id" pid
          kill -s CONT -- "-$line"
          if [ "$3" = KILL ]; then kill -s KILL -- "-$line"; else kill -s TERM "$line"; fi
          ;;
      esac
    done
    ;;
  hold | release | suspend | resume | requeue)
    # ID, NAME; for a requeue how often it was started again
    case $fault in
      connect) echo 'the manager does not answer' >&2 && exit 3 ;;
      rejected) echo 'that is for administrators' >&2 && exit 5 ;;
    esac
    get "$1" name
    [ "$line" = "$2" ] || exit 0
    get "$1" state
    case $verb$line in
      holdqueued) put "$1" state held ;;
      requeuerunning)
        get "$1" restarts
        [ "${line:-0}" = "$3" ] || exit 0
        put "$1" requeue "$(($3 + 1))"
        get "$1" pid
        kill -s TERM -- "-$line"
        [ "$fault" != lost-after ] || { echo 'timed out' >&2 && exit 75; }
        ;;
      releaseheld)
        put "$1" state queued
        [ -e paused ] || setsid sh "$0" "$state" run "$1" </dev/null >/dev/null 2>&1 &
        ;;
      suspendrunning)
        get "$1" pid
        kill -s STOP -- "-$line"
        put "$1" state suspended
        ;;
      resumesuspended)
        get "$1" pid
        put "$1" state running
        kill -s CONT -- "-$line"
        ;;
    esac
    ;;
esac
exit 0
