#!/bin/sh
# shellcheck disable=SC2154 # variables of the flavours
# A fake batch manager with real state and real processes, which says that it is one: under the names of a manager's
# commands (links to this file), or `fake.sh VERB ARG...`.
#
# FAKE_STATE is its folder, FAKE_FLAVOUR whom it plays (a file beside this one), FAKE_PROGRAM the folder of this file.
# FAKE_STATE/natives/ID/ holds name, script, submit, begin, end (seconds), state (queued, held, running, suspended, ended), code, signal,
# why (cancelled, timeout, out-of-memory, preempted, node-failure, launch), word (what the manager says instead of its own word) and pid.
# FAKE_STATE/paused: natives stay queued; /blind: their nodes do not see the job directory. FAKE_STATE/lag: of ended ones nothing is told. FAKE_STATE/next: the next id.
# FAKE_STATE/fault.VERB: `once KIND` or `always KIND`, what goes wrong with the next submit, list, history or cancel.

cd "${FAKE_STATE:?}" || exit 3
calls_in=.
# shellcheck source-path=SCRIPTDIR source=../called.sh
. "${FAKE_PROGRAM:?}/../called.sh"

now() { command date +%s; }
put() { printf '%s\n' "$3" >"natives/$1/.$2.$$" && mv -f "natives/$1/.$2.$$" "natives/$1/$2"; }
get() {
  line=
  [ -r "natives/$1/$2" ] && IFS= read -r line <"natives/$1/$2"
}

# accept NAME copy FILE: a new native in id, which runs a copy of FILE, as managers do. accept NAME line TEXT: it runs TEXT.
accept() {
  id=
  [ -r next ] && read -r id <next
  id=${id:-100}
  until mkdir "natives/$id" 2>/dev/null; do id=$((id + 1)); done
  printf '%s\n' "$((id + 1))" >next
  put "$id" name "$1"
  case $2 in
    copy) cp "$3" "natives/$id/copy" && put "$id" script "exec sh '$FAKE_STATE/natives/$id/copy'" ;;
    line) put "$id" script "$3" ;;
  esac
  put "$id" submit "$(now)"
  put "$id" state queued
  [ -e paused ] || start "$id"
}

start() { FAKE_NATIVE=$1 setsid sh "$FAKE_PROGRAM/fake.sh" run "$1" </dev/null >/dev/null 2>&1 & }

# all FUNCTION: calls it with each id; of ended ones only where nothing lags.
all() {
  for folder in natives/*; do
    [ -e "$folder/state" ] || continue
    get "${folder#natives/}" state
    if [ "$line" = ended ] && [ -e lag ]; then continue; fi
    "$1" "${folder#natives/}"
  done
}

# facts ID: everything of it, in variables of the same names.
facts() {
  for key in name submit begin end state code signal why word; do
    get "$1" "$key"
    eval "$key=\$line"
  done
}

# cancel ID SIGNAL
cancel() {
  get "$1" state
  case $line in
    queued | held)
      put "$1" why cancelled
      put "$1" end "$(now)"
      put "$1" state ended
      ;;
    running | suspended) finish "$1" cancelled "$2" ;;
  esac
}

# finish ID WHY SIGNAL: ends what runs of it.
finish() {
  [ "$2" = - ] || [ -e "natives/$1/why" ] || put "$1" why "$2"
  case $3 in KILL) put "$1" signal 9 ;; esac
  get "$1" pid
  kill -s "$3" -- "-$line"
  kill -s CONT -- "-$line"
} 2>/dev/null

hold() {
  get "$1" state
  [ "$line" != queued ] || put "$1" state held
}

release() {
  get "$1" state
  [ "$line" = held ] || return 0
  put "$1" state queued
  [ -e paused ] || start "$1"
}

freeze() {
  get "$1" pid
  kill -s STOP -- "-$line" && put "$1" state suspended
}

thaw() {
  put "$1" state running
  get "$1" pid
  kill -s CONT -- "-$line"
}

# blinded ID: line as on a node that does not see where we are. A copy is there, and runs.
blinded() {
  # What a wrapper does that does not find its job directory.
  [ -e "natives/$1/copy" ] || { line='exit 113' && return; }
  sed 's,/[^ ]*/bin/wrapper,/nonexistent/bin/wrapper,g' "natives/$1/copy" >"natives/$1/blind" &&
    mv -f "natives/$1/blind" "natives/$1/copy"
}

run() {
  get "$1" state
  [ "$line" = queued ] || exit 0
  put "$1" begin "$(now)"
  get "$1" script
  [ ! -e blind ] || blinded "$1"
  export "$id_variable=${id_prefix-}$1$id_suffix"
  setsid sh -c "$line" </dev/null >/dev/null 2>&1 &
  child=$!
  put "$1" pid "$child"
  put "$1" state running
  wait "$child"
  code=$?
  get "$1" pid
  # A session whose leader is gone ends, as where the manager uses control groups.
  kill -s KILL -- "-$line" 2>/dev/null
  # By a signal of ours, and not by an exit of its own that looks like one.
  [ "$code" -gt 128 ] || rm -f "natives/$1/signal"
  put "$1" code "$code"
  put "$1" end "$(now)"
  put "$1" state ended
}

# shellcheck source=/dev/null
. "$FAKE_PROGRAM/$FAKE_FLAVOUR.sh"
program=${0##*/}
case $program in
  fake.sh)
    program=$1
    shift
    ;;
esac
"$program" "$@"
