# shellcheck shell=sh disable=SC2154,SC2034
# The list of outputs in the exit record: what the patterns match at the end of the payload, with sizes.
#
# Part of the wrapper's file, after glob.sh, which has `hz_expand PATTERN…`: it calls `hz_each PATH` for every match.

# hz_list: the outputs, as lines `output SIZE NAME` in hz_outputs. A name that is not plain ASCII is %xx throughout.
hz_list() {
  hz_outputs='' hz_lines='' hz_batch='' hz_count=0
  [ -s "$hz_dir/patterns.sh" ] || return 0
  # Ranges are ranges of bytes, and ls speaks plainly.
  LC_ALL=C
  export LC_ALL
  unset QUOTING_STYLE TIME_STYLE BLOCK_SIZE LS_BLOCK_SIZE BLOCKSIZE
  set --
  # shellcheck source=/dev/null
  . "$hz_dir/patterns.sh"
  [ $# -gt 0 ] || return 0
  hz_expand "$@"
  hz_flush
} 2>/dev/null

# hz_each PATH: called by hz_expand for every match. Only whole files have a size, and plain names share one ls.
hz_each() {
  hz_name=$1
  case $1 in
    *[!\ -\$\&-~]*) hz_escape "$1" ;;
    *)
      if [ -f "$1" ] && [ ! -h "$1" ] && [ -s "$1" ]; then
        hz_batch="$hz_batch$hz_newline./$1" hz_count=$((hz_count + 1))
        [ "$hz_count" -lt 200 ] || hz_flush
        return 0
      fi
      ;;
  esac
  hz_size=0
  if [ -f "$1" ] && [ ! -h "$1" ] && [ -s "$1" ]; then
    # shellcheck disable=SC2012
    hz_size=$(command ls -lnd -- "./$1")
    hz_fields "$hz_size"
  fi
  hz_lines="${hz_lines}output $hz_size $hz_name$hz_newline"
  hz_count=$((hz_count + 1))
  [ "$hz_count" -lt 200 ] || hz_flush
}

# hz_fields LINE: hz_size, the fifth column of `ls -ln`.
hz_fields() {
  hz_size=$1
  for hz_column in 1 2 3 4; do
    hz_size=${hz_size#*[ ]}
    while :; do case $hz_size in ' '*) hz_size=${hz_size# } ;; *) break ;; esac done
  done
  hz_size=${hz_size%%[!0-9]*}
  hz_size=${hz_size:-0}
}

# hz_flush: asks for the sizes of the batch, at most 200 at once. Leaves IFS and -f as hz_expand has them.
hz_flush() {
  hz_ifs=$IFS hz_flags=$-
  if [ -n "$hz_batch" ]; then
    set -f
    IFS=$hz_newline
    # shellcheck disable=SC2086,SC2012
    hz_batch=$(command ls -lnd -- $hz_batch)$hz_newline
    while [ -n "$hz_batch" ]; do
      hz_line=${hz_batch%%"$hz_newline"*}
      hz_batch=${hz_batch#*"$hz_newline"}
      case $hz_line in *" ./"*) ;; *) continue ;; esac
      hz_fields "$hz_line"
      hz_lines="${hz_lines}output $hz_size ${hz_line#* ./}$hz_newline"
    done
  fi
  hz_outputs=$hz_outputs$hz_lines
  hz_lines='' hz_count=0
  IFS=$hz_ifs
  case $hz_flags in *f*) ;; *) set +f ;; esac
}

# hz_escape NAME: hz_name, every byte of it as %xx. Two forks; such names are rare.
hz_escape() {
  hz_ifs=$IFS hz_name=''
  IFS=" $hz_newline"
  for hz_byte in $(printf '%s' "$1" | command od -An -v -tx1); do hz_name=$hz_name%$hz_byte; done
  IFS=$hz_ifs
}
