# shellcheck shell=sh
# Expands the patterns of a job's outputs, with nothing but builtins.
#
# hz_expand PATTERN...: calls `hz_each PATH` for each match below the working directory, each path exactly once, a
# folder before what it holds. PATH is relative; it is a file, a folder or a link, never anything else.
#   *  ?  [...]   stay in one folder; a leading dot only where the pattern says it
#   **            as a whole part: any number of folders, no hidden ones
#   \x            x itself
# A match that is a folder stands for everything below it. Links are matches, but never walked through. A pattern that
# is absolute, empty or has a `..` is refused: nothing for it, a line on stderr, and 1 in the end.
# hz_each leaves the variables hz_glob_* alone. Pathname expansion must be on (set +f).
#
# One walk for all patterns: each folder is asked once which patterns are still alive in it, so no path comes twice.
hz_expand() {
  hz_glob_status=0
  hz_glob_locale=${LC_ALL-} hz_glob_located=${LC_ALL+set}
  # Bytes, in every shell and whatever the locale.
  LC_ALL=C
  hz_glob_count=$#
  hz_glob_all=''
  while [ "$hz_glob_count" -gt 0 ]; do
    hz_glob_count=$((hz_glob_count - 1))
    case /$1/ in
      // | //* | */../*)
        printf 'hawser: the pattern %s is refused: it leaves the working directory\n' "$1" >&2
        hz_glob_status=1
        ;;
      /./) hz_glob_all=1 ;;
      *) set -- "$@" "$1" ;;
    esac
    shift
  done
  if [ -n "$hz_glob_all" ]; then
    hz_glob_below ''
  elif [ "$#" -gt 0 ]; then
    hz_glob_walk '' "$@"
  fi
  if [ -n "$hz_glob_located" ]; then LC_ALL=$hz_glob_locale; else unset LC_ALL; fi
  return "$hz_glob_status"
}

# hz_glob_walk PREFIX PATTERN...: PREFIX is empty or ends with a slash; the patterns are relative to it.
hz_glob_walk() {
  for hz_glob_entry in "./$1"* "./$1".[!.]* "./$1"..?*; do
    hz_glob_test "${hz_glob_entry##*/}" "$@"
  done
}

# hz_glob_test NAME PREFIX PATTERN...: one entry of the folder PREFIX.
hz_glob_test() {
  hz_glob_name=$1 hz_glob_path=$2$1
  hz_glob_kind "$hz_glob_path" || return 0
  shift 2
  hz_glob_count=$#
  hz_glob_self='' hz_glob_all=''
  # The patterns are taken from the front; what is left of them for the entries of this folder is put at the end.
  while [ "$hz_glob_count" -gt 0 ]; do
    hz_glob_count=$((hz_glob_count - 1))
    hz_glob_rest=$1
    while :; do
      hz_glob_head=${hz_glob_rest%%/*}
      case $hz_glob_rest in
        */*) hz_glob_tail=${hz_glob_rest#*/} ;;
        *) hz_glob_tail= ;;
      esac
      [ "$hz_glob_head" = '**' ] || break
      case $hz_glob_name in
        .*) ;;
        *)
          [ -n "$hz_glob_tail" ] || hz_glob_self=1
          hz_glob_known "$@" || set -- "$@" "$hz_glob_rest"
          ;;
      esac
      # `**` also stands for no folder at all.
      [ -n "$hz_glob_tail" ] || break
      hz_glob_rest=$hz_glob_tail
    done
    if [ "$hz_glob_head" != '**' ] && hz_glob_match; then
      if [ -z "$hz_glob_tail" ]; then
        hz_glob_all=1
      else
        hz_glob_rest=$hz_glob_tail
        hz_glob_known "$@" || set -- "$@" "$hz_glob_rest"
      fi
    fi
    shift
  done
  if [ -n "$hz_glob_all" ]; then
    [ "$hz_glob_type" != folder ] || set -- below "$hz_glob_path/"
    [ "$hz_glob_type" = folder ] || set --
    hz_each "$hz_glob_path"
  else
    if [ "$hz_glob_type" = folder ] && [ "$#" -gt 0 ]; then set -- walk "$hz_glob_path/" "$@"; else set --; fi
    [ -z "$hz_glob_self" ] || hz_each "$hz_glob_path"
  fi
  [ "$#" -gt 0 ] || return 0
  hz_glob_next=hz_glob_$1
  shift
  "$hz_glob_next" "$@"
}

# Whether hz_glob_rest is among the new patterns already: those behind the ones that are still to be looked at.
hz_glob_known() {
  shift "$((hz_glob_count + 1))"
  for hz_glob_new; do
    [ "$hz_glob_new" != "$hz_glob_rest" ] || return 0
  done
  return 1
}

# Whether the name matches the head, a pattern without a slash.
hz_glob_match() {
  case $hz_glob_name in
    .*)
      case $hz_glob_head in
        .*) ;;
        *) return 1 ;;
      esac
      ;;
  esac
  # shellcheck disable=SC2254 # it is a pattern
  case $hz_glob_name in
    $hz_glob_head) return 0 ;;
  esac
  return 1
}

# hz_glob_below PREFIX: everything in it.
hz_glob_below() {
  for hz_glob_entry in "./$1"* "./$1".[!.]* "./$1"..?*; do
    hz_glob_path=$1${hz_glob_entry##*/}
    hz_glob_kind "$hz_glob_path" || continue
    if [ "$hz_glob_type" = folder ]; then
      set -- "$1" "$hz_glob_path/"
      hz_each "$hz_glob_path"
      hz_glob_below "$2"
    else
      hz_each "$hz_glob_path"
    fi
  done
}

# What stands there. False: nothing, or nothing that could be an output (a socket, a pipe, a device).
hz_glob_kind() {
  if [ -L "./$1" ]; then
    hz_glob_type='link'
  elif [ -d "./$1" ]; then
    hz_glob_type='folder'
  elif [ -f "./$1" ]; then
    hz_glob_type='file'
  else
    return 1
  fi
}
