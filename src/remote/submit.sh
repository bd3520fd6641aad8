# shellcheck shell=sh disable=SC2154
# Submitting once: a lock before, the answer beside it after, and nothing a second time. Needs verbs.sh.

# hz_submit HOME TOKEN TRY OWNER ARGV...: runs ARGV once, ever, for this token and try.
# `missing`, `in-doubt`, `guarded OWNER`, or what ARGV answered now or then (REPEATED is 0 or 1):
#   answered REPEATED CODE
#   o LINE     of its stdout; `O LINE` is a last one without a line break
#   e LINE     of its stderr
# submit.TRY.lock, made exclusively, holds its stderr after a line of ours. submit.TRY.answer holds its stdout; it is
# whole with the line `hz-answer CODE` behind it, which stands before anything is printed.
hz_submit() {
  hz_token "$2"
  hz_may "$1" "$4"
  if [ -h "jobs/$2" ] || ! cd "jobs/$2" 2>/dev/null || [ ! -f token ]; then
    printf 'missing\nend\n'
    return 0
  fi
  hz_try=$3 hz_by=$4
  shift 4
  if [ -e "submit.$hz_try.lock" ]; then
    hz_answer 1
    return 0
  fi
  if [ -h guard.0 ]; then
    hz_link guard.0
    printf 'guarded %s\nend\n' "$hz_line"
    return 0
  fi
  # Before a second try, the first must be known to have failed.
  if [ "$hz_try" -gt 1 ] && ! hz_whole "submit.$((hz_try - 1)).answer"; then
    printf 'in-doubt\nend\n'
    return 0
  fi
  set -C
  if ! printf 'owner %s\n' "$hz_by" 2>/dev/null >"submit.$hz_try.lock"; then
    set +C
    # Somebody was faster, or the disk is full. (No redirection of a special builtin: dash would exit.)
    [ -e "submit.$hz_try.lock" ] || exit 96
    hz_answer 1
    return 0
  fi
  set +C
  (
    hz_as_login
    # A verb of ours is no program; a program takes the place of this shell.
    case $1 in hz_*) "$@" ;; *) exec "$@" ;; esac
  ) </dev/null >"submit.$hz_try.answer" 2>>"submit.$hz_try.lock"
  printf '\nhz-answer %s\n' "$?" >>"submit.$hz_try.answer"
  hz_answer 0
}

# hz_as_login: the umask and the variables of the login, which frame.sh has put aside. A job inherits what its
# submission is: not the umask and LC_ALL=C of our shells, and with the BASH_ENV by which sites make `module` known.
hz_as_login() {
  umask "${hz_login_umask:-022}"
  unset LC_ALL
  for hz_name in ${hz_login_kept-}; do
    eval "$hz_name=\$hz_login_$hz_name"
    export "${hz_name?}"
  done
}

# hz_whole FILE: whether the answer ends with its mark; then hz_mark is it, and hz_lines the number of its line.
hz_whole() {
  hz_mark='' hz_line='' hz_lines=0
  [ -r "$1" ] || return 1
  while IFS= read -r hz_line; do hz_mark=$hz_line hz_lines=$((hz_lines + 1)); done <"$1"
  # What is left over was torn off before its line break.
  [ -z "$hz_line" ] || return 1
  case $hz_mark in "hz-answer "[0-9] | "hz-answer "[0-9][0-9] | "hz-answer "[0-9][0-9][0-9]) return 0 ;; esac
  return 1
}

# hz_answer REPEATED: prints what stands beside the lock.
hz_answer() {
  if ! hz_whole "submit.$hz_try.answer"; then
    printf 'in-doubt\nend\n'
    return 0
  fi
  printf 'answered %s %s\n' "$1" "${hz_mark#hz-answer }"
  # We put a line break before the mark: the line before it is empty, or a last one that had none.
  while IFS= read -r hz_line; do
    hz_lines=$((hz_lines - 1))
    case $hz_lines in
      0) ;;
      1) [ -z "$hz_line" ] || printf 'O %s\n' "$hz_line" ;;
      *) printf 'o %s\n' "$hz_line" ;;
    esac
  done <"submit.$hz_try.answer"
  {
    # Ours.
    IFS= read -r hz_line
    while IFS= read -r hz_line || [ -n "$hz_line" ]; do printf 'e %s\n' "$hz_line"; done
  } <"submit.$hz_try.lock"
  printf 'end\n'
}
