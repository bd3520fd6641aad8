# shellcheck shell=sh disable=SC2154
# The verbs of the framed shell: what is said and done on the other side, one function each.
#
# A command calls a verb by its argv. An answer is lines of text; one that says anything closes with `end`. Verbs with
# an effect take the OWNER number and end before it with 93 when a higher one exists. (docs/protocol.md, 26)
# Needs facts.sh. Each runs in a subshell of its own: cd, umask and variables need no tidying up.

# Exit codes of our own: 93 superseded, 94 refused (the reason stands on stderr), 95 the home is not there, 96 failed.

# hz_refused WHY
hz_refused() {
  printf '%s\n' "$1" >&2
  exit 94
}

# hz_home HOME: goes there. Its absence is no evidence of anything: a file system may not be mounted.
hz_home() {
  if cd "$1/jobs" 2>/dev/null && cd ..; then return 0; fi
  printf '%s/jobs is not there\n' "$1" >&2
  exit 95
}

# hz_token TOKEN: ends unless it is one.
hz_token() {
  case $1 in
    *[!a-z0-9]*) hz_refused "not a token: $1" ;;
    hz?????????????) ;;
    *) hz_refused "not a token: $1" ;;
  esac
}

# hz_highest: the highest owner number here in hz_owner, 0 without any.
hz_highest() {
  hz_owner=0
  for hz_file in owner.*; do
    hz_number=${hz_file#owner.}
    case $hz_number in '' | 0* | *[!0-9]*) continue ;; esac
    [ "$hz_number" -le "$hz_owner" ] || hz_owner=$hz_number
  done
}

# hz_may HOME OWNER: goes to HOME as OWNER; ends if a higher one exists.
hz_may() {
  hz_home "$1"
  hz_highest
  [ "$hz_owner" -le "$2" ] && return 0
  printf 'superseded by owner %s\n' "$hz_owner" >&2
  exit 93
}

# hz_safe DIRECTORY: ends unless it is a folder that is ours alone to write, and no link.
hz_safe() {
  [ ! -h "$1" ] || hz_refused "$1 is a symbolic link"
  [ -d "$1" ] || hz_refused "$1 is not a folder"
  # shellcheck disable=SC3067 # dash, bash and busybox have it; ls would print a name that has to be looked up
  [ -O "$1" ] || hz_refused "$1 belongs to somebody else"
  hz_mode=$(command ls -ld -- "$1")
  case ${hz_mode%% *} in
    d????w* | d???????w*) hz_refused "$1 can be written to by others (${hz_mode%% *})" ;;
  esac
}

# hz_unset PATTERN...: unsets the variables whose names match a pattern; one after `!` keeps what it matches.
# Names are read from `env`: a value with a line break can only add names that are harmless to unset.
hz_unset() {
  for hz_name in $(env | command sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
    hz_kept=1
    for hz_pattern; do
      # shellcheck disable=SC2254 # they are patterns
      case $hz_pattern in
        !*) case $hz_name in ${hz_pattern#!}) hz_kept=1 && break ;; esac ;;
        *) case $hz_name in $hz_pattern) hz_kept=0 ;; esac ;;
      esac
    done
    [ "$hz_kept" = 1 ] || unset "$hz_name"
  done
}

# hz_effect HOME OWNER ARGV...: runs ARGV as OWNER; its output and exit code are the answer.
hz_effect() {
  hz_may "$1" "$2"
  shift 2
  "$@" </dev/null
}

# hz_hello ROOT NAME: makes <root>/<name> and says where we are.
hz_hello() {
  umask 077
  # shellcheck disable=SC2088 # compared, not expanded
  case $1 in
    '~') hz_root=$HOME ;;
    "~/"*) hz_root=$HOME/${1#??} ;;
    /*) hz_root=$1 ;;
    *) hz_refused "the root must be absolute or start with ~/: $1" ;;
  esac
  # `dir/` would follow a link that `dir` is.
  while :; do case $hz_root in ?*/) hz_root=${hz_root%/} ;; *) break ;; esac done
  case $2 in '' | .* | *[!A-Za-z0-9._-]*) hz_refused "not a name for a place: $2" ;; esac
  case $hz_root in *"$hz_newline"*) hz_refused "the root's name has a line break" ;; esac
  [ ! -h "$hz_root" ] || hz_refused "$hz_root is a symbolic link"
  command mkdir -p -- "$hz_root" || exit 96
  hz_safe "$hz_root"
  command mkdir -p -- "$hz_root/$2" || exit 96
  hz_safe "$hz_root/$2"
  cd -P -- "$hz_root/$2" && command mkdir -p -- bin events jobs || exit 96
  hz_safe "$PWD/jobs"
  hz_host
  hz_highest
  hz_now=$(command date '+%s %z')
  printf 'home %s\nhostname %s\nuser %s\nmachine %s\nboot %s\nnow %s\nowner %s\n' \
    "$PWD" "$hz_hostname" "$(command id -un)" "$hz_machine" "$hz_boot" "$hz_now" "$hz_owner"
  [ "$hz_owner" -eq 0 ] || ! hz_link "owner.$hz_owner" || printf 'holder %s\n' "$hz_line"
  printf 'end\n'
}

# hz_own HOME N TEXT: takes owner.N, where N is one above the highest. `own won|lost HIGHEST`. Our own TEXT there: won.
hz_own() {
  hz_home "$1"
  hz_highest
  hz_won=lost
  if [ "$2" -eq "$((hz_owner + 1))" ]; then
    command ln -s -- "$3" "owner.$2" 2>/dev/null && hz_won=won
    hz_highest
  fi
  if [ "$hz_won" = lost ] && [ "$hz_owner" -eq "$2" ]; then
    hz_link "owner.$2" && [ "$hz_line" = "$3" ] && hz_won=won
  fi
  printf 'own %s %s\nend\n' "$hz_won" "$hz_owner"
  [ "$hz_won" = won ] || return 0
  # The numbers below the last two tell nobody anything, and every verb reads through them.
  set --
  for hz_file in owner.*; do
    hz_number=${hz_file#owner.}
    case $hz_number in '' | *[!0-9]*) continue ;; esac
    [ "$hz_number" -ge "$((hz_owner - 1))" ] || set -- "$@" "$hz_file"
  done
  [ $# -eq 0 ] || command rm -f -- "$@"
}

# hz_records HOME TOKEN...: `job TOKEN` for each job directory that is there, a long listing of the guards, then the
# records as they stand in their files, each with its own head and `end`. Two forks for all; 1,000 tokens at most.
hz_records() {
  hz_home "$1"
  cd jobs || exit 95
  shift
  # Words without blanks, which one expansion takes apart again; `set -- "$@" …` in a loop would be quadratic.
  hz_guards='' hz_records=''
  for hz_name; do
    hz_token "$hz_name"
    if [ -h "$hz_name" ] || [ ! -d "$hz_name" ]; then continue; fi
    printf 'job %s\n' "$hz_name"
    for hz_file in "$hz_name"/*.[0-9]*; do
      case ${hz_file##*.} in *[!0-9]*) continue ;; esac
      case ${hz_file#*/} in
        guard.*.* | started.*.* | exit.*.*) ;;
        guard.*) [ ! -h "$hz_file" ] || hz_guards="$hz_guards $hz_file" ;;
        started.* | exit.*) [ ! -f "$hz_file" ] || hz_records="$hz_records $hz_file" ;;
      esac
    done
  done
  # 1 or 2: a file went away meanwhile. More: it did not run, and that is no answer.
  # shellcheck disable=SC2012,SC2086
  [ -z "$hz_guards" ] || command ls -ld -- $hz_guards 2>/dev/null || [ $? -le 2 ] || exit 96
  # shellcheck disable=SC2086
  [ -z "$hz_records" ] || command cat -- $hz_records 2>/dev/null || [ $? -le 2 ] || exit 96
  printf '\nrecords end\n'
}

# hz_hints HOME: the names in events/, one a line.
hz_hints() {
  hz_home "$1"
  for hz_file in events/hz*; do [ ! -f "$hz_file" ] || printf '%s\n' "${hz_file#events/}"; done
  printf 'end\n'
}

# hz_clear_hints HOME NAME...
hz_clear_hints() {
  hz_home "$1"
  shift
  for hz_file; do case $hz_file in hz*/* | [!h]* | *..*) hz_refused "not a hint: $hz_file" ;; esac done
  cd events && command rm -f -- "$@"
}

# hz_fence HOME OWNER TOKEN TEXT START: takes guard.START, and where start START was stopped, or may have been, the guard of
# the next one, unless START is `first`. `fence won|lost OWNER`; `missing`, or `removed` where hz_remove was here.
# All guards below START must exist.
hz_fence() {
  hz_token "$3"
  hz_may "$1" "$2"
  if [ -h "jobs/$3" ] || ! cd "jobs/$3" 2>/dev/null; then
    hz_line=$(hz_removed removed "$3") || exit 96
    if [ -n "$hz_line" ]; then printf 'removed\nend\n'; else printf 'missing\nend\n'; fi
    return 0
  fi
  hz_start=0
  # A guard that was never taken is a start that may still come: it is the one to take.
  case $5 in
    first) ;;
    *) while [ "$hz_start" -lt "$5" ] && [ -h "guard.$hz_start" ]; do hz_start=$((hz_start + 1)); done ;;
  esac
  while :; do
    if hz_error=$(command ln -s -- "$4" "guard.$hz_start" 2>&1); then
      printf 'fence won %s\nend\n' "$4"
      return 0
    fi
    if [ ! -h "guard.$hz_start" ] || ! hz_link "guard.$hz_start"; then
      printf '%s\n' "$hz_error" >&2
      exit 96
    fi
    case $hz_line in
      "$4") hz_won=won ;;
      *)
        hz_won=lost
        if [ "$5" != first ] && hz_ended "exit.$hz_start" && [ -n "$hz_stopped" ]; then
          hz_start=$((hz_start + 1))
          continue
        fi
        # hz_ended has read over it.
        hz_link "guard.$hz_start"
        ;;
    esac
    printf 'fence %s %s\nend\n' "$hz_won" "$hz_line"
    return 0
  done
}

# hz_remove HOME OWNER TOKEN...: removes these job directories, for good: `removed` has their tokens, and hz_stage makes
# none of them again. What makes a native run goes first, for all of them: a removal that is cut leaves nothing that a late
# native could start, and on a full disk it makes the room for those lines.
hz_remove() {
  hz_may "$1" "$2"
  shift 2
  for hz_name; do hz_token "$hz_name"; done
  [ ! -h jobs ] || hz_refused "jobs is a symbolic link"
  cd jobs || exit 95
  hz_names=$(printf '\n%s' "$@")
  hz_count=$#
  while [ "$hz_count" -gt 0 ]; do
    hz_count=$((hz_count - 1))
    [ ! -h "$1" ] || hz_refused "$1 is a symbolic link"
    [ ! -d "$1" ] || set -- "$@" "$1/token" "$1/payload.sh"
    shift
  done
  [ $# -eq 0 ] || command rm -f -- "$@" || exit 96
  # The first line break ends what a full disk has cut.
  printf '%s\n' "$hz_names" >>../removed || exit 96
  hz_names=
  for hz_file; do case $hz_file in */token) hz_names="$hz_names ${hz_file%/token}" ;; esac done
  # shellcheck disable=SC2086 # tokens
  [ -z "$hz_names" ] || command rm -rf -- $hz_names 2>/dev/null || {
    # A payload may have made folders that their owner can't write to.
    command chmod -R u+rwx -- $hz_names 2>/dev/null
    command rm -rf -- $hz_names || exit 96
  }
  printf 'end\n'
}

# hz_removed FILE TOKEN...: those of them that hz_remove has written there. False: it can't be read.
hz_removed() {
  [ -e "$1" ] || return 0
  hz_file=$1
  shift
  command grep -Fx "$(printf '%s\n' "$@")" "$hz_file" || [ $? -eq 1 ]
}

# hz_tail HOME TOKEN NAME OFFSET MAX: `size BYTES OFFSET`, then at most MAX bytes from there as hex. -N: the last N.
# A file that is not there is empty.
hz_tail() {
  hz_token "$2"
  case /$3/ in *//* | */../* | */./*) hz_refused "not a file of the job: $3" ;; esac
  hz_home "$1"
  hz_file=jobs/$2/$3 hz_size=0
  if [ -f "$hz_file" ]; then
    # shellcheck disable=SC2012,SC2046
    set -- "$4" "$5" $(command ls -lnLd -- "$hz_file")
    hz_size=${7:-0}
  else
    set -- "$4" "$5"
  fi
  hz_offset=$1
  case $1 in -*) hz_offset=$((hz_size + $1)) ;; esac
  [ "$hz_offset" -ge 0 ] || hz_offset=0
  printf 'size %s %s\n' "$hz_size" "$hz_offset"
  if [ "$hz_offset" -lt "$hz_size" ]; then
    command od -An -v -tx1 -j "$hz_offset" -N "$2" "$hz_file" || exit 96
  fi
  printf 'end\n'
}
