# shellcheck shell=sh disable=SC2034 # what it finds is read by the others
# Exit records, read where they lie. For the verbs and for the job wrapper.

# hz_ended FILE: whether this exit record is whole. Then hz_stopped is empty where nobody had a part in the end, `wrapper`
# where the wrapper was told to end, and `perhaps` where it may have been next: a manager tells the processes of a native one
# after the other, and the payload, or a shell whose child was told first (143, 137), may have ended, and its end been written
# down, in between.
hz_ended() {
  hz_stopped=
  [ -r "$1" ] || return 1
  while IFS= read -r hz_line; do
    case $hz_line in
      "wrapper "*) hz_stopped=wrapper ;;
      "signal TERM" | "signal KILL" | "code 143" | "code 137") hz_stopped=${hz_stopped:-perhaps} ;;
      end) return 0 ;;
    esac
  done <"$1"
  return 1
}
