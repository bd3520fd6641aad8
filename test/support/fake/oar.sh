# shellcheck shell=sh disable=SC2034,SC2154 # variables and functions of fake.sh
# OAR, as far as Hawser asks it. Answers are shaped like those of OAR 2.5.

id_variable=OAR_JOB_ID id_suffix=

down() {
  echo 'DB connection error, exiting.' >&2
  exit 255
}

oarsub() {
  called submit "$@"
  while [ $# -gt 1 ]; do
    case $1 in --name) its=$2 ;; esac
    shift
  done
  echo '[ADMISSION RULE] Set default walltime to 7200.'
  case $fault in
    down) down ;;
    limit) echo '[ADMISSION RULE] you have reached the maximum number of jobs' >&2 && exit 6 ;;
    rejected) echo 'There are not enough resources for your request' >&2 && exit 5 ;;
    lost-before) exit 1 ;;
  esac
  accept "$its" line "exec sh $1"
  first=$id
  [ "$fault" != double ] || accept "$its" line "exec sh $1"
  [ "$fault" != lost-after ] || exit 1
  printf 'OAR_JOB_ID=%s\n' "$first"
}

# matches ID: whether the condition in `where` holds.
matches() {
  case $where in *job_name*) case $where in *"'$name'"*) ;; *) return 1 ;; esac ;; esac
  case $where in *"job_id = $1 "*) ;; *job_id*) return 1 ;; esac
  case $where in
    *"= 'Waiting'"*) [ "$state" = queued ] || return 1 ;;
    *"= 'Hold'"*) [ "$state" = held ] || return 1 ;;
  esac
  case $where in *Terminated*) [ "$state" != ended ] || return 1 ;; esac
}

add() {
  facts "$1"
  [ -n "$where" ] || [ "$state" != ended ] || return 0
  matches "$1" || return 0
  job "$1"
  jobs="$jobs$comma$shown"
  comma=",
"
}

oarstat() {
  where='' jobs='' comma='' verb=list
  while [ $# -gt 0 ]; do
    case $1 in --sql) where=$2 verb=history && shift ;; esac
    shift
  done
  called "$verb" jobs
  [ "$fault" != down ] || down
  all add
  if [ -z "$jobs" ]; then
    case $fault in cut | empty) exit 0 ;; esac
    echo 'hash- or arrayref expected (not a simple scalar, use allow_nonref to allow this) at oarstat line 1.' >&2
    exit 255
  fi
  say "{
$jobs
}"
}

# job ID: in shown.
job() {
  is='' more='' events=
  case $state in
    queued) is=Waiting ;;
    held) is=Hold ;;
    running) is=Running ;;
    suspended) is=Suspended ;;
    ended)
      is=Terminated
      more="\"exit_code\" : \"$((${code:-0} * 256))\","
      [ -z "$signal" ] || more="\"exit_code\" : \"$signal\","
      case $why in
        cancelled) is=Error events='{ "type" : "FRAG_JOB_REQUEST" }' ;;
        timeout) is=Error events='{ "type" : "WALLTIME" }, { "type" : "FRAG_JOB_REQUEST" }' ;;
        preempted) is=Error events='{ "type" : "BESTEFFORT_KILL" }' ;;
        node-failure) is=Error events='{ "type" : "PING_CHECKER_NODE_SUSPECTED" }' ;;
        launch) is=Error events='{ "type" : "WORKING_DIRECTORY" }' ;;
      esac
      ;;
  esac
  shown="   \"$1\" : {
      $more
      \"Job_Id\" : \"$1\",
      \"name\" : \"$name\",
      \"state\" : \"${word:-$is}\",
      \"submissionTime\" : \"$submit\",
      \"startTime\" : \"${begin:-0}\",
      \"stopTime\" : \"${end:-0}\",
      \"message\" : \"\",
      \"assigned_network_address\" : [ \"fakenode\" ],
      \"events\" : [ $events ]
   }"
}

act_on() {
  facts "$1"
  matches "$1" || return 0
  "$act" "$1"
}

# each FUNCTION --sql CONDITION
each() {
  called cancel "$@"
  [ "$fault" != down ] || down
  act=$1 where="$3 "
  all act_on
}

terminate() {
  # A second request ends what did not heed the first.
  if [ "$why" = cancelled ]; then finish "$1" - KILL; else cancel "$1" TERM; fi
}
oardel() { each terminate "$@"; }
oarhold() { each hold "$@"; }
oarresume() { each release "$@"; }
