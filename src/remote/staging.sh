# shellcheck shell=sh
# shellcheck disable=SC2030,SC2031 # verbs are subshells: what they set ends with them
# Job directories come in and results go out, as tar streams. Needs verbs.sh and glob.sh.

# An exit code beside those of verbs.sh. 91: the end marker never came, and nothing was staged.

# hz_stage HOME OWNER NONCE <TAR: one line for each job directory, `staged|exists|conflict|removed|failed TOKEN`, then
# `end`. exists: it was there, with the same spec. conflict: it was there, with another one. removed: it was there, and
# hz_remove has removed it. Nothing of a stream that was cut is ever seen under jobs/.
hz_stage() (
  hz_may "$1" "$2"
  umask 077
  # They would bend what tar does.
  unset TAR_OPTIONS POSIXLY_CORRECT
  case $3 in '' | *[!A-Za-z0-9]*) hz_refused "not a nonce: $3" ;; esac
  hz_stage_name=stage.$2.$3
  # Fresh, or another stream of this name is at work.
  command mkdir "$hz_stage_name" && cd "$hz_stage_name" || exit 96
  hz_stage_status=0
  # busybox tar applies the umask also to what it is to preserve. The folder above is closed to others.
  umask 0
  command tar -xpof - || hz_stage_status=96
  # tar exits 0 on a stream that was cut between two members, so only the marker counts.
  [ -f "end.$3" ] || [ "$hz_stage_status" -ne 0 ] || hz_stage_status=91
  cd .. || exit 96
  if [ "$hz_stage_status" -eq 0 ]; then
    # It may have taken long: somebody else may own this place by now.
    (hz_may "$1" "$2" && cd "$hz_stage_name" && hz_stage_all) </dev/null
    hz_stage_status=$?
  fi
  hz_remove_stage "$hz_stage_name" || :
  [ "$hz_stage_status" -eq 0 ] || exit "$hz_stage_status"
  printf 'end\n'
)

# Moves everything from here, a folder beside jobs/, into place.
hz_stage_all() {
  for hz_stage_file in bin/*.sh; do
    # A program's name holds its hash. An empty one is what a crash of the file server left.
    if [ -f "$hz_stage_file" ] && [ ! -s "../$hz_stage_file" ]; then command mv -f "$hz_stage_file" ../bin/; fi
  done
  set --
  for hz_stage_token in hz*; do
    [ -f "$hz_stage_token/token" ] || continue
    if [ -f "$hz_stage_token/checkpoint.sh" ] && [ ! -f "../jobs/$hz_stage_token/token" ] &&
      ! hz_stage_checkpoint "$hz_stage_token"; then
      printf 'failed %s\n' "$hz_stage_token"
      continue
    fi
    set -- "$@" "$hz_stage_token"
    [ "$#" -ge 500 ] || continue
    hz_stage_move "$@"
    set --
  done
  [ "$#" -eq 0 ] || hz_stage_move "$@"
}

# hz_stage_checkpoint TOKEN: into the work/ of TOKEN, here, what its checkpoint.sh names in that of an earlier attempt: the
# newest that is there. It replaces inputs of the same name. False: something could not be written here. What can't be
# read over there is said on stderr, and the rest is carried.
hz_stage_checkpoint() (
  hz_collect_into=$PWD/$1/work
  # For folders that no match stands for; tar sets the modes of the others.
  umask 022
  set --
  # shellcheck source=/dev/null
  . "$hz_collect_into/../checkpoint.sh"
  # shellcheck disable=SC2154 # checkpoint.sh sets it
  for hz_stage_from in $hz_stage_earlier; do
    cd "../jobs/$hz_stage_from/work" 2>/dev/null || continue
    hz_collect_jobs=$PWD hz_collect_prefix=.
    hz_collect_names='' hz_collect_count=0 hz_collect_size=0 hz_collect_option='' hz_collect_lost=0
    # shellcheck disable=SC2317 # hz_expand calls it
    hz_each() {
      hz_collect_add "$1"
    }
    hz_expand "$@" || :
    hz_collect_flush
    exit "$hz_collect_lost"
  done
)

# hz_stage_move TOKEN...: with the folder as the target, rename(2) refuses a job directory that is there (it is never
# empty), and mv can't slip into it.
hz_stage_move() {
  hz_stage_removed=$(hz_removed ../removed "$@") || exit 96
  if [ -n "$hz_stage_removed" ]; then
    for hz_stage_token; do
      shift
      # shellcheck disable=SC2154 # facts.sh has it
      case $hz_newline$hz_stage_removed$hz_newline in
        *"$hz_newline$hz_stage_token$hz_newline"*) printf 'removed %s\n' "$hz_stage_token" ;;
        *) set -- "$@" "$hz_stage_token" ;;
      esac
    done
    [ "$#" -gt 0 ] || return 0
  fi
  hz_stage_errors=$(command mv -f "$@" ../jobs/ 2>&1)
  for hz_stage_token; do
    if [ ! -d "$hz_stage_token" ]; then
      printf 'staged %s\n' "$hz_stage_token"
    elif [ ! -f "../jobs/$hz_stage_token/token" ]; then
      printf 'failed %s\n' "$hz_stage_token"
      printf '%s\n' "$hz_stage_errors" >&2
      hz_stage_errors=
    elif hz_same_token "$hz_stage_token/token" "../jobs/$hz_stage_token/token"; then
      printf 'exists %s\n' "$hz_stage_token"
    else
      printf 'conflict %s\n' "$hz_stage_token"
    fi
  done
}

# Two token files: the token, then a hash of the spec.
hz_same_token() {
  { read -r hz_token_here && read -r hz_hash_here; } <"$1" &&
    { read -r hz_token_there && read -r hz_hash_there; } <"$2" &&
    [ "$hz_token_here $hz_hash_here" = "$hz_token_there $hz_hash_there" ]
}

# hz_sweep_stages HOME OWNER [NONCE...]: removes what dead streams have left, but not the streams NONCE... of OWNER.
hz_sweep_stages() (
  hz_may "$1" "$2"
  hz_sweeper=$2
  shift 2
  for hz_stage_name in stage.*; do
    if [ ! -d "$hz_stage_name" ] || [ -L "$hz_stage_name" ]; then continue; fi
    hz_stage_owner=${hz_stage_name#stage.}
    hz_stage_owner=${hz_stage_owner%%.*}
    case $hz_stage_owner in '' | *[!0-9]*) hz_stage_owner=0 ;; esac
    [ "$hz_stage_owner" -le "$hz_sweeper" ] || continue
    for hz_stage_kept; do
      [ "$hz_stage_name" != "stage.$hz_sweeper.$hz_stage_kept" ] || continue 2
    done
    if hz_remove_stage "$hz_stage_name"; then printf 'swept %s\n' "$hz_stage_name"; fi
  done
  printf 'end\n'
)

# hz_remove_stage NAME: here. Inputs may hold folders that their owner can't write to.
hz_remove_stage() {
  case $1 in
    stage.*/* | stage. | stage.*..*) return 1 ;;
    stage.*) ;;
    *) return 1 ;;
  esac
  command rm -rf "./$1" 2>/dev/null || { command chmod -R u+rwx "./$1" && command rm -rf "./$1"; }
}

# hz_collect HOME TOKEN... >TAR: stdout, stderr and scheduler.log of these jobs and what matches their patterns.sh, as
# `<token>/stdout`, `<token>/work/…`, and `<token>/token` behind the rest. Archives follow one another; each is followed
# by an empty member: `hz-whole`, or `hz-part` where tar had something to say on stderr (a file changed, or can't be
# read). The last member of all is `hz-end`. A job directory that is not there has no `<token>/token`.
hz_collect() (
  hz_home "$1"
  cd jobs || exit 95
  unset TAR_OPTIONS POSIXLY_CORRECT
  hz_collect_jobs=$PWD
  hz_collect_names='' hz_collect_count=0 hz_collect_size=0 hz_collect_option='' hz_collect_into=''
  # shellcheck disable=SC2317 # hz_expand calls it
  hz_each() {
    hz_collect_add "$1"
  }
  shift
  for hz_collect_token; do
    case $hz_collect_token in *[!a-z0-9]* | '') continue ;; esac
    [ -f "$hz_collect_token/token" ] || continue
    hz_collect_prefix=$hz_collect_token
    for hz_collect_file in stdout stderr scheduler.log; do
      [ ! -f "$hz_collect_token/$hz_collect_file" ] || hz_collect_add "$hz_collect_file"
    done
    if [ -f "$hz_collect_token/patterns.sh" ] && cd "$hz_collect_token/work" 2>/dev/null; then
      hz_collect_prefix=$hz_collect_token/work
      hz_collect_outputs
      cd "$hz_collect_jobs" || exit 95
    fi
    hz_collect_prefix=$hz_collect_token
    hz_collect_add token
  done
  hz_collect_flush
  hz_collect_mark end
)

hz_collect_outputs() {
  set --
  # shellcheck source=/dev/null
  . ../patterns.sh
  hz_expand "$@" || :
}

# To stdout, or into the folder hz_collect_into.
# The names wait in numbered variables until a command line is full: no list can hold names with anything in them.
hz_collect_add() {
  hz_collect_count=$((hz_collect_count + 1))
  eval "hz_collect_$hz_collect_count=\$hz_collect_prefix/\$1"
  hz_collect_names="$hz_collect_names \"\$hz_collect_$hz_collect_count\""
  # GNU tar reads `\n` in an argument as a line break, unless it is told not to. No other tar does, or knows the option.
  case $1/$hz_collect_option in
    */--no-unquote) ;;
    *\\*) case $(command tar --version 2>/dev/null </dev/null) in *"GNU tar"*) hz_collect_option=--no-unquote ;; esac ;;
  esac
  hz_collect_size=$((hz_collect_size + ${#hz_collect_prefix} + ${#1}))
  if [ "$hz_collect_count" -ge 200 ] || [ "$hz_collect_size" -ge 60000 ]; then hz_collect_flush; fi
}

hz_collect_flush() {
  [ "$hz_collect_count" -gt 0 ] || return 0
  # No member is a folder with its contents: each name was listed by itself.
  hz_collect_tar="command tar -C \"\$hz_collect_jobs\" -cf - $hz_collect_option --no-recursion $hz_collect_names"
  if [ -n "$hz_collect_into" ]; then
    eval "$hz_collect_tar" </dev/null | (cd "$hz_collect_into" && command tar -xpof -) || hz_collect_lost=1
  elif eval "$hz_collect_tar" </dev/null; then
    hz_collect_mark whole
  else
    hz_collect_mark part
  fi
  hz_collect_names='' hz_collect_count=0 hz_collect_size=0
}

# hz_collect_mark whole|part|end: an empty member of this name. Written here, for tar would want a file to read.
hz_collect_mark() {
  case $1 in
    whole) hz_mark_name=hz-whole hz_mark_sum=0003355 ;;
    part) hz_mark_name='hz-part\0' hz_mark_sum=0003205 ;;
    end) hz_mark_name='hz-end\0\0' hz_mark_sum=0003005 ;;
  esac
  hz_nul4='\0\0\0\0'
  hz_nul20=$hz_nul4$hz_nul4$hz_nul4$hz_nul4$hz_nul4
  # name 100, mode to mtime 48, checksum 8, type, link 100, magic 8, the rest 247
  printf '%b' "$hz_mark_name$hz_nul20$hz_nul20$hz_nul20$hz_nul20$hz_nul4$hz_nul4$hz_nul4" \
    "$hz_nul20$hz_nul20$hz_nul4$hz_nul4" "$hz_mark_sum\\0" '0' "$hz_nul20$hz_nul20$hz_nul20$hz_nul20$hz_nul20" \
    'ustar\000000' "$hz_nul20$hz_nul20$hz_nul20$hz_nul20$hz_nul20$hz_nul20" \
    "$hz_nul20$hz_nul20$hz_nul20$hz_nul20$hz_nul20$hz_nul20$hz_nul4\\0\\0\\0"
}
