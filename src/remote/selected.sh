# shellcheck shell=sh disable=SC2154
# Selecting natives first: for managers whose commands take ids alone, and show everybody's jobs unless they get some.
#
# A SELECT command prints ids, each alone on a line. Other lines are noise, and printed as they came.

# hz_of_user ARGV...: runs ARGV with the login name behind it.
hz_of_user() { "$@" "$(command id -un)"; }

# hz_leading COUNT WORD...: runs the first COUNT words, with hz_more behind them.
hz_leading() {
  hz_count=$1
  shift
  hz_rest=$(($# - hz_count))
  while [ "$hz_count" -gt 0 ]; do
    set -- "$@" "$1"
    shift
    hz_count=$((hz_count - 1))
  done
  shift "$hz_rest"
  # shellcheck disable=SC2086 # ids, without blanks; globbing is off
  "$@" $hz_more
}

# hz_select COUNT WORD...: hz_ids are what the first COUNT words print, hz_selected is their number. Ends where they fail.
hz_select() {
  set -f
  hz_more='' hz_ids='' hz_selected=0
  hz_listed=$(hz_leading "$@")
  hz_code=$?
  while IFS= read -r hz_line; do
    hz_id=${hz_line#"${hz_line%%[! ]*}"}
    hz_id=${hz_id%"${hz_id##*[! ]}"}
    case $hz_id in
      '') continue ;;
      *[!][0-9A-Za-z._-]*) ;;
      [0-9]*)
        hz_ids="$hz_ids $hz_id"
        hz_selected=$((hz_selected + 1))
        continue
        ;;
    esac
    printf '%s\n' "$hz_line"
  done <<END
$hz_listed
END
  [ "$hz_code" -eq 0 ] || exit "$hz_code"
}

# hz_ask_selected COUNT SELECT... QUERY...: what QUERY says of the natives that SELECT (COUNT words) prints:
#   hz-selected NUMBER
#   what QUERY printed
#   hz-end CODE
hz_ask_selected() {
  hz_select "$@"
  shift "$(($1 + 1))"
  printf '\nhz-selected %s\n' "$hz_selected"
  hz_code=0
  if [ "$hz_selected" -gt 0 ]; then
    hz_more=$hz_ids
    hz_leading "$#" "$@"
    hz_code=$?
  fi
  printf '\nhz-end %s\n' "$hz_code"
  return "$hz_code"
}

# hz_act_on_selected ID COUNT SELECT... [COUNT EFFECT...]...: each EFFECT on those of the natives that SELECT prints
# whose number is that of ID (`-`: on all of them). Exits as the last one, and with 0 where there is nothing to act on.
hz_act_on_selected() {
  hz_wanted=$1
  shift
  hz_select "$@"
  shift "$(($1 + 1))"
  hz_more=
  for hz_id in $hz_ids; do
    # What stands behind the first dot is the server, and some print it only at times.
    if [ "$hz_wanted" = - ] || [ "${hz_id%%.*}" = "${hz_wanted%%.*}" ]; then hz_more="$hz_more $hz_id"; fi
  done
  [ -n "$hz_more" ] || return 0
  hz_code=0
  while [ $# -gt 0 ]; do
    hz_next=$1
    hz_leading "$@"
    hz_code=$?
    shift "$((hz_next + 1))"
  done
  return "$hz_code"
}

# hz_ask_again_if_silent COUNT QUERY... AGAIN...: what QUERY (COUNT words) prints, or what AGAIN does where that is nothing.
hz_ask_again_if_silent() {
  hz_more=''
  hz_said=$(hz_leading "$@") || {
    hz_code=$?
    printf '%s\n' "$hz_said"
    return "$hz_code"
  }
  if [ -n "$hz_said" ]; then
    printf '%s\n' "$hz_said"
    return 0
  fi
  shift "$(($1 + 1))"
  "$@"
}

# hz_flux_urgency URGENCY ID...: flux job urgency takes one id, and what it is to be behind it.
hz_flux_urgency() {
  hz_urgency=$1 hz_code=0
  shift
  for hz_id; do
    flux job urgency "$hz_id" "$hz_urgency" || hz_code=$?
  done
  return "$hz_code"
}
