# shellcheck shell=sh disable=SC2154,SC2015
# Commands for a Flux instance of our own (flux.sh starts it, and writes where it is). Needs facts.sh.
#
# DIRECTORY/instance, as its first program writes it:
#   uri local:///…            of its first broker, on this host:
#   host NAME
#   token TOKEN               as it stands in its KVS
#   uuid, life, at            of the broker; for people
#   end

# hz_no_instance WHY: nothing was sent to anybody.
hz_no_instance() {
  printf 'hawser: the Flux instance at %s %s\n' "$hz_at" "$1" >&2
  exit 1
}

# hz_in_instance DIRECTORY TOKEN ARGV...: runs ARGV for the instance that is there now, if its KVS has TOKEN.
hz_in_instance() {
  # shellcheck disable=SC2088 # compared, not expanded
  case $1 in "~/"*) hz_at=$HOME/${1#??} ;; *) hz_at=$1 ;; esac
  HAWSER_INSTANCE=$2
  shift 2
  hz_host
  hz_read_instance
  # Who is told to end tells what it runs so, too, in any order: that is sorted out first (flux.sh).
  [ ! -e "$hz_at/ending" ] || hz_no_instance 'was told to end'
  # It comes up within a second or two, and nobody is told that it is away meanwhile.
  hz_tries=50
  while [ -z "$hz_uri" ] && [ -e "$hz_at/starting" ] && [ "$hz_tries" -gt 0 ]; do
    command sleep 0.2
    hz_read_instance
    hz_tries=$((hz_tries - 1))
  done
  [ -n "$hz_uri" ] || hz_no_instance 'is not there yet, or no longer'
  [ "$hz_its" = "$HAWSER_INSTANCE" ] || hz_no_instance "is not ours: its token is $hz_its"
  case $hz_on in
    "$hz_hostname") FLUX_URI=$hz_uri ;;
    *) FLUX_URI=ssh://$hz_on${hz_uri#local://} ;;
  esac
  export FLUX_URI HAWSER_INSTANCE
  hz_its=$(command flux kvs get hawser.instance 2>&1) || hz_no_instance "does not answer: $hz_its"
  [ "$hz_its" = "$HAWSER_INSTANCE" ] || hz_no_instance "is not ours: its token is $hz_its"
  "$@"
}

# hz_read_instance: hz_uri, hz_on and hz_its; hz_uri is empty where the file is not whole.
hz_read_instance() {
  hz_uri='' hz_on='' hz_its='' hz_word=''
  # Not by a file that somebody else has put there.
  # shellcheck disable=SC3067 # dash, bash and busybox have it
  [ -r "$hz_at/instance" ] && [ -O "$hz_at/instance" ] || return 0
  while IFS=' ' read -r hz_word hz_line; do
    case $hz_word in
      uri) hz_uri=$hz_line ;;
      host) hz_on=$hz_line ;;
      token) hz_its=$hz_line ;;
      end) return 0 ;;
    esac
  done <"$hz_at/instance"
  hz_uri=
}

# hz_flux_durable ARGV...: a submission, in its job directory, that a crash of the broker can't undo once it is answered.
hz_flux_durable() {
  # What flux.sh goes by when it tells of those that ran when the instance died.
  printf '%s\n' "$HAWSER_INSTANCE" >instance || exit 1
  "$@" || return
  # Everything that was acknowledged before it is on disk with it. (flux kvs sync came later, with 0.75)
  command flux kvs put --sync hawser.synced=1
}
