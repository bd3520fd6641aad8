# shellcheck shell=sh disable=SC2034,SC2154 # variables and functions of fake.sh
# OAR, as far as Hawser asks it. Answers are shaped like those of a real OAR 2.5.9 (rig/rig.sh up --oar).

id_variable=OAR_JOB_ID id_suffix=

down() {
  echo 'DB connection error, exiting.' >&2
  exit 25
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
    limit) echo '[ADMISSION RULE] Error: you have reached the maximum number of jobs' >&2 && exit 254 ;;
    rejected)
      echo 'There are not enough resources for your request' >&2
      echo 'OAR_JOB_ID=-5'
      echo '[ERROR] Oarsub failed, please verify your request syntax.' >&2
      exit 8
      ;;
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
  # Whoever is the newest one.
  case $where in *"max(job_id)"*) [ "$1" != "$newest" ] || return 0 ;; esac
  case $where in
    *"job_name LIKE 'hz%'"*) case $name in hz*) ;; *) return 1 ;; esac ;;
    *job_name*) case $where in *"'$name'"*) ;; *) return 1 ;; esac ;;
  esac
  case $where in *"job_id = $1 "*) ;; *"job_id = "[0-9]*) return 1 ;; esac
  case $where in *"job_id >= "*) line=${where#*job_id >= } && [ "$1" -ge "${line%% *}" ] || return 1 ;; esac
  case $where in
    *"= 'Waiting'"*) [ "$state" = queued ] || return 1 ;;
    *"= 'Hold'"*) [ "$state" = held ] || return 1 ;;
    *"= 'Running'"*) [ "$state" = running ] || return 1 ;;
    *"'Running')"*) [ "$state" != running ] || return 1 ;;
  esac
  case $where in *"'Resuming')"* | *Terminated*) [ "$state" != ended ] || return 1 ;; esac
}

newer() { [ "$1" -lt "${newest:-0}" ] || newest=$1; }

add() {
  facts "$1"
  matches "$1" || return 0
  job "$1"
  jobs="$jobs$comma$shown"
  comma=",
"
}

oarstat() {
  [ "$1" != -V ] || { echo 'OAR version : 2.5.9 (Canicule)' && exit 0; }
  where='' jobs='' comma='' verb=history newest=''
  while [ $# -gt 0 ]; do
    case $1 in --sql) where=$2 && shift ;; esac
    shift
  done
  case $where in *LIKE*) verb=list ;; esac
  called "$verb" jobs
  [ "$fault" != down ] || down
  all newer
  all add
  # It prints nothing where there is none.
  [ -n "$jobs" ] || exit 0
  say "{
$jobs
}"
}

# With a condition that holds for its first resource where there are no jobs at all.
oarnodes() {
  newest=''
  all newer
  case $newest/$* in
    /*' -s '*) printf '{\n   "1" : "Alive"\n}\n\n' ;;
    /*) printf '{\n   "1" : {\n      "state" : "Alive",\n      "resource_id" : 1\n   }\n}\n\n' ;;
    *' -s '*) printf '{\n   "n1" : {\n      "1" : "Alive"\n   }\n}\n\n' ;;
    *) printf '{}\n\n' ;;
  esac
}

note() { events="$events${events:+, }{ \"type\" : \"$1\", \"description\" : \"$2\" }"; }
by_itself() { note FRAG_JOB_REQUEST "User oar requested to frag the job $1"; }

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
      more="\"exit_code\" : $((${code:-0} * 256)),"
      [ -z "$signal" ] || more="\"exit_code\" : $signal,"
      case $why in
        cancelled) is=Error && note FRAG_JOB_REQUEST "User me requested to frag the job $1" ;;
        timeout) is=Error && by_itself "$1" && note WALLTIME "[sarko] Job [$1] from 1 with 5; current time=6 (Elapsed)" ;;
        preempted) is=Error && by_itself "$1" && note BESTEFFORT_KILL "[MetaSched] kill the besteffort job $1" ;;
        node-failure) is=Error && by_itself "$1" ;;
        launch) is=Error && note WORKING_DIRECTORY "[bipbip $1] Cannot go into the working directory" ;;
      esac
      ;;
  esac
  shown="   \"$1\" : {
      $more
      \"Job_Id\" : $1,
      \"name\" : \"$name\",
      \"state\" : \"${word:-$is}\",
      \"submissionTime\" : $submit,
      \"startTime\" : ${begin:-0},
      \"stopTime\" : ${end:-0},
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

terminate() { cancel "$1" KILL; }
# Nobody has asked for its end.
signal_it() { finish "$1" - TERM; }
oardel() {
  case $1 in
    --signal) shift 2 && each signal_it "$@" ;;
    *) each terminate "$@" ;;
  esac
}
oarhold() { each hold "$@"; }
oarresume() { each release "$@"; }
