# shellcheck shell=sh disable=SC2154,SC2034 # variables of facts.sh and wrapper.sh
# The guard of the job wrapper: which native may run the payload, and for which start. Part of the wrapper.

# hz_decimal ID: in hz_native, of an id that Flux writes in base 58 behind an f or an ƒ. (RFC 19)
hz_decimal() {
  hz_rest=${1#f} hz_native=0
  hz_rest=${hz_rest#ƒ}
  while [ -n "$hz_rest" ]; do
    hz_digit=${hz_rest%"${hz_rest#?}"} hz_rest=${hz_rest#?}
    hz_digits=123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz
    hz_digits=${hz_digits%%"$hz_digit"*}
    hz_native=$((hz_native * 58 + ${#hz_digits}))
  done
}

# hz_take N: takes guard.N. 0: it is ours; 1: somebody else's, its owner in hz_line; 2: neither, why in hz_error.
hz_take() {
  hz_owner=native:$hz_native:$1:$hz_nonce
  hz_error=$(command ln -s -- "$hz_owner" "$hz_dir/guard.$1" 2>&1) && return 0
  [ -h "$hz_dir/guard.$1" ] || return 2
  hz_link "$hz_dir/guard.$1" || return 2
  # Our own text: it had been made, and the answer was lost.
  [ "$hz_line" = "$hz_owner" ] || return 1
}

# hz_hold: takes the guard of this start; ends the wrapper where it can't. A native that was requeued before its first
# start reached us takes the guards below its own as well, so that a fence at 0 is a fence for all starts.
hz_hold() {
  hz_below=0
  while [ "$hz_below" -lt "$hz_n" ]; do
    [ ! -e "$hz_dir/started.$hz_below" ] || hz_again=1
    hz_take "$hz_below"
    case $? in
      1) case $hz_line in "native:$hz_native:$hz_below:"*) ;; *) hz_refuse "held by $hz_line" ;; esac ;;
      2) hz_fail "guard.$hz_below: $hz_error" ;;
    esac
    if hz_ended "$hz_dir/exit.$hz_below" && [ -z "$hz_stopped" ]; then hz_refuse "start $hz_below ended for good"; fi
    hz_below=$((hz_below + 1))
  done
  hz_take "$hz_n"
  case $? in
    1) hz_refuse "held by $hz_line" ;;
    2) hz_fail "guard.$hz_n: $hz_error" ;;
  esac
  hz_held=1
}

hz_refuse() {
  printf 'hawser: %s does not run the payload: guard.%s: %s\n' "$hz_native" "$hz_n" "$1" >&2
  exit 111
}
