# shellcheck shell=sh disable=SC2034,SC2154 # variables and functions of fake.sh
# LSF, as far as Hawser asks it. Answers are shaped like those of LSF 10.1.

id_variable=LSB_JOBID id_suffix=

down() {
  echo 'LSF is down. Please wait ...' >&2
  exit 255
}

bsub() {
  called submit "$@"
  while [ $# -gt 1 ]; do
    case $1 in
      -J) its=$2 && shift ;;
      -o | -q | -P | -U | -n | -R | -M | -W | -u | -gpu) shift ;;
    esac
    shift
  done
  case $fault in
    down) down ;;
    limit) echo 'User <me>: Pending job threshold reached. Job not submitted.' >&2 && exit 255 ;;
    rejected) echo 'nope: No such queue. Job not submitted.' >&2 && exit 255 ;;
    lost-before) echo 'batch system daemon not responding ... still trying' >&2 && exit 255 ;;
  esac
  accept "$its" line "exec sh $1"
  first=$id
  [ "$fault" != double ] || accept "$its" line "exec sh $1"
  [ "$fault" != lost-after ] || { echo 'batch system daemon not responding ... still trying' >&2 && exit 255; }
  printf 'Job <%s> is submitted to default queue <normal>.\n' "$first"
}

add() {
  facts "$1"
  [ -z "$wanted" ] || [ "$name" = "$wanted" ] || return 0
  [ -n "$with_ended" ] || [ "$state" != ended ] || return 0
  [ -z "$only" ] || [ "$state" = "$only" ] || return 0
  count=$((count + 1))
  [ -z "$short" ] || { printf '%s\n' "$1" && return 0; }
  job "$1"
  jobs="$jobs$comma$shown"
  comma=",
"
}

bjobs() {
  wanted='' with_ended='' short='' ids='' only=
  while [ $# -gt 0 ]; do
    case $1 in
      -a) with_ended=1 ;;
      -noheader) short=1 ;;
      -p) only=queued ;;
      -r) only=running ;;
      -J) wanted=$2 && shift ;;
      -o) shift ;;
      -*) ;;
      *) ids="$ids $1" ;;
    esac
    shift
  done
  called list jobs
  [ "$fault" != down ] || down
  count=0 comma='' jobs=
  if [ -z "$ids" ]; then
    all add
  else
    for id in $ids; do
      get "$id" state
      if [ -z "$line" ] || { [ "$line" = ended ] && [ -e lag ]; }; then
        count=$((count + 1))
        jobs="$jobs$comma    {
      \"JOBID\":\"$id\",
      \"ERROR\":\"Job <$id> is not found\"
    }"
        comma=",
"
      else
        add "$id"
      fi
    done
  fi
  if [ "$count" = 0 ]; then
    # So it is where there is nobody.
    [ "$fault" = empty ] || echo 'No job found' >&2
    exit 255
  fi
  [ -z "$short" ] || exit 0
  [ "$fault" != noise ] || echo 'LSF is processing your request. Please wait ...'
  say "{
  \"COMMAND\":\"bjobs\",
  \"JOBS\":$count,
  \"RECORDS\":[
$jobs
  ]
}"
}

# job ID: in shown.
job() {
  stat='' reason='' exit_code=
  case $state in
    queued) stat=PEND ;;
    held) stat=PSUSP ;;
    running) stat=RUN ;;
    suspended) stat=USUSP ;;
    ended)
      stat=EXIT
      exit_code=$code
      [ "$code" != 0 ] || { stat=DONE && exit_code=; }
      case $why in
        cancelled) stat=EXIT reason='TERM_OWNER: job killed by owner' ;;
        timeout) stat=EXIT reason='TERM_RUNLIMIT: job killed after reaching LSF run time limit' ;;
        out-of-memory) stat=EXIT reason='TERM_MEMLIMIT: job killed after reaching LSF memory usage limit' ;;
        preempted) stat=EXIT reason='TERM_PREEMPT: job killed after preemption' ;;
        node-failure) stat=EXIT reason='TERM_ZOMBIE: job exited while LSF is not available' ;;
        launch) stat=EXIT reason='TERM_CWD_NOTEXIST: current working directory is not accessible' ;;
      esac
      ;;
  esac
  shown="    {
      \"JOBID\":\"$1\",
      \"STAT\":\"${word:-$stat}\",
      \"JOB_NAME\":\"$name\",
      \"EXEC_HOST\":\"${begin:+fakenode}\",
      \"EXIT_CODE\":\"$exit_code\",
      \"EXIT_REASON\":\"$reason\",
      \"PEND_REASON\":\"\",
      \"SUBMIT_TIME\":\"at $submit\",
      \"START_TIME\":\"${begin:+at $begin}\"
    }"
}

bparams() {
  called probe bparams
  printf '\nThis is a fake.\n    DEFAULT_QUEUE = normal\n    CLEAN_PERIOD = 3600\n    JOB_TERMINATE_INTERVAL = 1\n'
}

# each DONE FUNCTION ID...
each() {
  called cancel "$@"
  [ "$fault" != down ] || down
  did=$1 act=$2 code_of_all=0
  shift 2
  for id; do
    get "$id" state
    case $line in
      '') echo "Job <$id>: No matching job found" >&2 && code_of_all=255 ;;
      ended) echo "Job <$id>: Job has already finished" >&2 && code_of_all=255 ;;
      *) "$act" "$id" && printf 'Job <%s> is being %s\n' "$id" "$did" ;;
    esac
  done
  exit "$code_of_all"
}

terminate() { cancel "$1" "$by"; }
bkill() {
  by=TERM
  case $1 in -s) by=$2 && shift 2 ;; esac
  each terminated terminate "$@"
}
stop() { if [ "$line" = running ]; then freeze "$1"; else hold "$1"; fi; }
go_on() { if [ "$line" = suspended ]; then thaw "$1"; else release "$1"; fi; }
bstop() { each stopped stop "$@"; }
bresume() { each resumed go_on "$@"; }
