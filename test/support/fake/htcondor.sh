# shellcheck shell=sh disable=SC2034,SC2154 # variables and functions of fake.sh
# HTCondor, as far as Hawser asks it. Answers are shaped like those of HTCondor 23.

id_variable=HAWSER_CONDOR_ID id_suffix=.0

down() {
  case $1 in
    submit) echo "ERROR: Can't find address of local schedd" >&2 ;;
    *) printf '%s\n' '-- Failed to fetch ads from: <127.0.0.1:9618> : fake' 'CEDAR:6001:Failed to connect to <127.0.0.1:9618>' >&2 ;;
  esac
  exit 1
}

condor_submit() {
  called submit "$@"
  its='' executable=
  for word; do
    case $word in
      batch_name=*) its=${word#*=} ;;
      executable=*) executable=${word#*=} ;;
    esac
  done
  case $fault in
    down) down submit ;;
    limit) echo 'ERROR: Number of submitted jobs would exceed MAX_JOBS_PER_OWNER' >&2 && exit 1 ;;
    rejected) echo 'ERROR: Failed to parse resources: no such accounting group' >&2 && exit 1 ;;
    lost-before) echo 'ERROR: Failed to commit job submission into the queue.' >&2 && exit 1 ;;
  esac
  accept "$its" copy "$executable"
  first=$id
  [ "$fault" != double ] || accept "$its" copy "$executable"
  [ "$fault" != lost-after ] || { echo 'ERROR: Failed to commit job submission into the queue.' >&2 && exit 1; }
  printf '%s.0 - %s.0\n' "$first" "$first"
}

# add ID: its ad, where it is one of those that are asked for.
add() {
  facts "$1"
  if [ -n "$of_ended" ]; then [ "$state" = ended ] || return 0; else [ "$state" != ended ] || return 0; fi
  matches "$1" || return 0
  ad "$1"
  ads="$ads$comma$shown"
  comma=",
"
}

# matches ID: whether it is among the ids, or its name and its id stand in the constraint.
matches() {
  case $which in
    '') return 0 ;;
    *JobBatchName*)
      case $which in *"JobBatchName == \"$name\""*) ;; *) return 1 ;; esac
      case $which in *"ClusterId == $1)"*) ;; *ClusterId*) return 1 ;; esac
      ;;
    *) case " $which " in *" $1.0 "*) ;; *) return 1 ;; esac ;;
  esac
}

condor_q() {
  which='' of_ended='' ads='' comma=
  called list jobs
  [ "$fault" != down ] || down q
  all add
  case $1 in
    -totals)
      [ "$fault" != cut ] && [ "$fault" != empty ] || exit 0
      printf '\n-- Schedd: fake : <127.0.0.1:9618> @ now\n'
      if [ -z "$ads" ]; then echo 'Total for query: 0 jobs; 0 completed, 0 removed'; else echo 'Total for query: some jobs;'; fi
      ;;
    *) [ -z "$ads" ] || say "[
$ads
]" ;;
  esac
}

condor_history() {
  which='' of_ended=1 ads='' comma=
  while [ $# -gt 0 ]; do
    case $1 in
      -attributes | -limit) shift ;;
      -constraint) which=$2 && shift ;;
      -*) ;;
      *) which="$which $1" ;;
    esac
    shift
  done
  called history jobs
  [ "$fault" != down ] || down history
  all add
  [ -z "$ads" ] || say "[
$ads
]"
}

# ad ID: in shown.
ad() {
  status='' more=
  case $state in
    queued) status=1 ;;
    held) status=5 more=',
  "HoldReason": "via condor_hold (by user me)",
  "HoldReasonCode": 1' ;;
    running) status=2 ;;
    suspended) status=7 ;;
    ended)
      status=4 more=",
  \"ExitBySignal\": false,
  \"ExitCode\": ${code:-0}"
      [ -z "$signal" ] || more=",
  \"ExitBySignal\": true,
  \"ExitSignal\": $signal"
      case $why in
        cancelled) status=3 more=',
  "RemoveReason": "via condor_rm (by user me)"' ;;
        timeout) status=3 more=',
  "LastJobStatus": 2,
  "RemoveReason": "The job attribute PeriodicRemove expression evaluated to TRUE"' ;;
        preempted) status=3 more=',
  "LastJobStatus": 1,
  "RemoveReason": "The job attribute PeriodicRemove expression evaluated to TRUE"' ;;
      esac
      ;;
  esac
  # What is being removed stays until its processes are gone.
  [ "$state" != running ] || [ -z "$why" ] || status=3
  [ -z "$begin" ] || more=",
  \"NumJobStarts\": 1,
  \"JobStartDate\": $begin,
  \"RemoteHost\": \"slot1@fakenode\"$more"
  shown="{
  \"GlobalJobId\": \"fake#$1.0#$submit\",
  \"JobStatus\": ${word:-$status},
  \"JobBatchName\": \"$name\",
  \"QDate\": $submit,
  \"EnteredCurrentStatus\": ${end:-$submit}$more
}"
}

# act_on ID
act_on() {
  facts "$1"
  [ "$state" != ended ] && matches "$1" || return 0
  case $which in
    *"JobStatus == 1"*) [ "$state" = queued ] || return 0 ;;
    *"JobStatus == 2"*) [ "$state" = running ] || return 0 ;;
    *"JobStatus == 5"*) [ "$state" = held ] || return 0 ;;
    *"JobStatus == 7"*) [ "$state" = suspended ] || return 0 ;;
  esac
  "$act" "$1"
  hits=$((hits + 1))
}

# each WORD FUNCTION -constraint EXPRESSION
each() {
  called cancel "$@"
  [ "$fault" != down ] || down "$1"
  act=$2 which=$4 hits=0
  all act_on
  [ "$hits" = 0 ] || { printf 'Jobs matching constraint %s have been marked\n' "$which" && exit 0; }
  printf "Couldn't find/%s all jobs matching constraint %s\n" "$1" "$which" >&2
  exit 1
}

terminate() { cancel "$1" TERM; }
kill_only() { case $state in running | suspended) finish "$1" - KILL ;; esac; }
condor_rm() { each remove terminate "$@"; }
condor_vacate_job() { shift && each vacate kill_only "$@"; }
condor_suspend() { each suspend freeze "$@"; }
condor_continue() { each continue thaw "$@"; }
condor_hold() { each hold hold "$@"; }
condor_release() { each release release "$@"; }
