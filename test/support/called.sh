# shellcheck shell=sh disable=SC2034
# For commands that a test plays with. In the folder $calls_in stand `calls`, a line for each call, and fault.VERB: `once KIND`
# or `always KIND`, what is to go wrong with the next call of VERB, or with all.

# called VERB WORD...: writes the call down; fault is what is to go wrong with it.
called() {
  printf '%s\n' "$*" >>"${calls_in:?}/calls"
  fault=
  [ -r "$calls_in/fault.$1" ] || return 0
  read -r often fault <"$calls_in/fault.$1"
  [ "$often" = always ] || rm -f "$calls_in/fault.$1"
}

# say TEXT: what was asked for, as it is or as the fault has it.
say() {
  case $fault in
    cut) printf '%s' "${1%"${1#????????????????????????????????????????}"}" ;;
    noise) printf '%s\n' 'Welcome. 4711 users are logged in.' "$1" 'Mind the gap.' ;;
    empty) ;;
    *) [ -z "$1" ] || printf '%s\n' "$1" ;;
  esac
}

# answer CODE TEXT: the same, and ends so; what says nothing does that without a complaint.
answer() {
  say "$2"
  [ "$fault" != empty ] || exit 0
  exit "$1"
}
