# shellcheck shell=sh disable=SC2154
# Submitting once: a lock before, the answer beside it after, and nothing a second time. Needs verbs.sh.

# hz_submit HOME OWNER [COUNT TOKEN TRY ARGV...]...: one after the other, runs each ARGV once, ever, for its token and try.
# COUNT: the words that follow it and belong to it. For each, in order, and with `end` behind it: `missing`, `in-doubt`,
# `guarded OWNER`, `held`, or what ARGV answered now or then (REPEATED is 0 or 1):
#   answered REPEATED CODE
#   o LINE     of its stdout; `O LINE` is a last one without a line break
#   e LINE     of its stderr
# held: it was not touched, because one before it was not taken, or they take long: a manager in trouble gets no more.
# submit.TRY.lock, made exclusively, holds its stderr after a line of ours. submit.TRY.answer holds its stdout; it is
# whole with the line `hz-answer CODE` behind it, which stands before anything is printed.
hz_submit() {
  hz_place=$1 hz_by=$2 hz_goes=1
  shift 2
  hz_uptime
  hz_until=$((hz_line + 5))
  while [ "$#" -gt 0 ]; do
    hz_words='' hz_next=1
    while [ "$hz_next" -le "$1" ]; do
      hz_next=$((hz_next + 1))
      hz_words="$hz_words \"\${$hz_next}\""
    done
    if [ "$hz_goes" = 1 ]; then
      eval "hz_submit_one $hz_words"
      hz_uptime
      [ "$hz_line" -lt "$hz_until" ] || hz_goes=0
    else
      printf 'held\nend\n'
    fi
    shift "$hz_next"
  done
}

# hz_submit_one TOKEN TRY ARGV...: at hz_place, as the owner hz_by. hz_goes becomes 0 unless the manager has taken it.
hz_submit_one() {
  hz_token "$1"
  # For each anew: those before it may have taken long.
  hz_may "$hz_place" "$hz_by"
  if [ -h "jobs/$1" ] || ! cd "jobs/$1" 2>/dev/null || [ ! -f token ]; then
    printf 'missing\nend\n'
    return 0
  fi
  hz_try=$2
  shift 2
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
    hz_goes=0
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

# hz_answer REPEATED: prints what stands beside the lock. hz_goes becomes 0 unless that is a yes.
hz_answer() {
  if ! hz_whole "submit.$hz_try.answer"; then
    hz_goes=0
    printf 'in-doubt\nend\n'
    return 0
  fi
  [ "$hz_mark" = 'hz-answer 0' ] || hz_goes=0
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
