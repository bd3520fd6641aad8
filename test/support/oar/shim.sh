#!/bin/sh
# OAR's commands before the real ones on PATH (links to this file): hands everything on to them, and has go wrong what a test
# wants to go wrong.
# SHIM_REAL is the folder of the real ones, SHIM_NOWHERE of those that find no server and no database. SHIM_STATE is a folder: calls
# (a line for each), natives (`ID NAME` of each that was accepted), fault.VERB (`once KIND` or `always KIND`) for submit, list,
# history, cancel and wish; resource, a word a line, what each submission asks for besides; blind: jobs are told a directory that is
# not there; says, `ID WORD`; lag: of those that have ended nothing is told.

real=${SHIM_REAL:?}/${0##*/}
calls_in=${SHIM_STATE:?}
# shellcheck source-path=SCRIPTDIR source=../called.sh
. "${SHIM_CALLED:?}"

# Nobody answers there.
nowhere() { exec "${SHIM_NOWHERE:?}/${0##*/}" "$@"; }

# ask WORD...: told and code are what oarsub answers.
ask() {
  told=$("$real" "$@")
  code=$?
  id=$(printf '%s\n' "$told" | sed -n 's/^OAR_JOB_ID=\([0-9][0-9]*\)$/\1/p')
  [ -z "$id" ] || printf '%s %s\n' "$id" "$its" >>"$SHIM_STATE/natives"
}

submit() {
  # Its name, another queue where it is to be refused, and another directory where it is to see none.
  its='' before=''
  for word; do
    case $before/$fault in
      --name/*) its=$word ;;
      --queue/rejected) word=nope ;;
      --queue/limit) word=${word}full ;;
    esac
    case $before in --directory) [ ! -e "$SHIM_STATE/blind" ] || word=/nonexistent ;; esac
    before=$word
    set -- "$@" "$word"
    shift
  done
  if [ -r "$SHIM_STATE/resource" ]; then
    while IFS= read -r line; do set -- "$line" "$@"; done <"$SHIM_STATE/resource"
  fi
  case $fault in
    down) nowhere "$@" ;;
    # Before it has come to speak to anybody.
    lost-before) kill -s KILL "$$" ;;
  esac
  ask "$@"
  first=$told
  case $fault in
    double) ask "$@" ;;
    lost-after) kill -s KILL "$$" ;;
  esac
  [ -z "$first" ] || printf '%s\n' "$first"
  exit "$code"
}

# Without those that have ended, where these are late, and with another word.
retold() {
  if [ ! -e "$SHIM_STATE/lag" ] && [ ! -e "$SHIM_STATE/says" ]; then cat && return; fi
  perl -MJSON -e '
    my ($state) = @ARGV;
    my $jobs = JSON->new->decode(join("", <STDIN>) || "{}");
    if (-e "$state/lag") { delete $jobs->{$_} for grep { $jobs->{$_}{state} =~ /^(Terminated|Error)$/ } keys %$jobs }
    if (open(my $says, "<", "$state/says")) { my ($id, $word) = split(" ", <$says>); $jobs->{$id}{state} = $word if $jobs->{$id} }
    print JSON->new->pretty(1)->encode($jobs);' "$SHIM_STATE"
}

# tell WORD...: what the real one answers, as it is or as the fault has it.
tell() {
  [ "$fault" != down ] || nowhere "$@"
  told=$("$real" "$@")
  code=$?
  told=$(printf '%s\n' "$told" | retold)
  answer "$code" "$told"
}

case ${0##*/}/$* in
  oarsub/*) called submit "$@" && submit "$@" ;;
  oarstat/*LIKE*) called list "$@" && tell "$@" ;;
  oarstat/-V) exec "$real" "$@" ;;
  oarnodes/*) called nodes "$@" ;;
  oarstat/*) called history "$@" && tell "$@" ;;
  oardel/*) called cancel "$@" ;;
  *) called wish "$@" ;;
esac
[ "$fault" != down ] || nowhere "$@"
exec "$real" "$@"
