# shellcheck shell=sh disable=SC2034,SC2154 # variables and functions of fake.sh
# Slurm, as far as Hawser asks it. Answers are shaped like those of Slurm 22.05. What has ended is in accounting alone, where a search by name
# does not find what never became eligible; but squeue remembers what was preempted or lost its node (MinJobAge), for there
# accounting alone is no end: it may be followed by another start.

id_variable=SLURM_JOB_ID id_suffix=
us=$(printf '\037')

# down PROGRAM WHAT
down() {
  printf '%s\n' "$1: error: $2: Unable to contact slurm controller (connect failure)" >&2
  exit 1
}

# refused TEXT...
refused() {
  printf 'sbatch: error: %s\n' "$@" >&2
  exit 1
}

sbatch() {
  called submit "$@"
  its='' script=
  for word; do
    case $word in
      --job-name=*) its=${word#*=} ;;
      -*) ;;
      *) script=$word ;;
    esac
  done
  lost='Batch job submission failed: Socket timed out on send/recv operation'
  case $fault in
    down) down sbatch 'Batch job submission failed' ;;
    limit) refused AssocMaxSubmitJobLimit "Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)" ;;
    rejected) refused 'invalid partition specified: nope' 'Batch job submission failed: Invalid partition name specified' ;;
    lost-before) refused "$lost" ;;
  esac
  accept "$its" copy "$script"
  first=$id
  [ "$fault" != double ] || accept "$its" copy "$script"
  [ "$fault" != lost-after ] || refused "$lost"
  printf '%s\n' "$first"
}

# asked WORD...: what it is to tell, in wanted (names), ids and fields.
asked() {
  wanted='' ids='' fields=
  for word; do
    case $word in
      --name=*) wanted=,${word#*=}, ;;
      --jobs=*) ids=,${word#*=}, ;;
      --Format=* | --format=*) fields=${word#*=} ;;
    esac
  done
  text='' hits=0
  row head
}

# add ID: its row, where it is one of those that are asked for.
add() {
  facts "$1"
  case $ids in '' | *",$1,"*) ;; *) return 0 ;; esac
  case $wanted in '' | *",$name,"*) ;; *) return 0 ;; esac
  case $in_queue/$state/$why in 1/ended/preempted | 1/ended/node-failure) ;; 1/ended/*) return 0 ;; esac
  if [ -z "$in_queue" ] && [ -n "$wanted" ] && [ -z "$begin" ] && [ "$state" != queued ]; then return 0; fi
  told
  row "$1"
  hits=$((hits + 1))
}

# row ID: its line, behind those in text; of head the names of the columns.
row() {
  old_ifs=$IFS
  IFS=,
  for field in $fields; do
    value "${field%%:*}" "$1"
    text="$text$shown$us"
  done
  IFS=$old_ifs
  text="$text
"
}

# value FIELD ID
value() {
  shown=
  if [ "$2" = head ]; then
    shown=$1
    [ "$1" != JobArrayID ] || shown=JOBID
    return 0
  fi
  case $1 in
    JobArrayID | JobID) shown=$2 ;;
    State) shown=${word:-$native_word} ;;
    Reason) shown=$native_reason ;;
    SubmitTime | Submit) shown=$submit ;;
    StartTime | Start) shown=${begin:-Unknown} ;;
    EndTime | End) shown=${end:-Unknown} ;;
    RestartCnt) shown=0 ;;
    exit_code) shown=$((exit_code * 256 + exit_signal)) ;;
    ExitCode)
      # It lacks 128.
      [ "$exit_code" -le 128 ] || exit_code=$((exit_code - 128))
      shown=$exit_code:$exit_signal
      ;;
    NodeList) shown=${begin:+fakenode} ;;
    Cluster) shown=fake ;;
    Name | JobName) shown=$name ;;
  esac
}

# told: what Slurm says of the native in the facts.
told() {
  native_word='' native_reason=None exit_code=0 exit_signal=0
  case $state in
    queued) native_word=PENDING native_reason=Priority ;;
    held) native_word=PENDING native_reason=JobHeldUser ;;
    running) native_word=RUNNING ;;
    suspended) native_word=SUSPENDED ;;
    ended)
      exit_code=${code:-0} exit_signal=0
      [ -z "$signal" ] || exit_code=0 exit_signal=$signal
      native_word=COMPLETED
      [ "$exit_code$exit_signal" = 00 ] || native_word=FAILED
      case $why in
        cancelled) native_word='CANCELLED by 1001' exit_code=0 exit_signal=15 ;;
        timeout) native_word=TIMEOUT exit_code=0 exit_signal=0 ;;
        out-of-memory) native_word=OUT_OF_MEMORY exit_code=0 exit_signal=125 ;;
        preempted) native_word=PREEMPTED exit_code=0 exit_signal=0 ;;
        node-failure) native_word=NODE_FAIL exit_code=1 exit_signal=0 ;;
        launch) native_word=FAILED exit_code=0 exit_signal=53 ;;
      esac
      ;;
  esac
}

squeue() {
  called list "$@"
  [ "$fault" != down ] || { echo 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)' >&2 && exit 1; }
  in_queue=1
  asked "$@"
  all add
  case $ids in
    ,*,*,*) ;;
    ,*,) [ "$hits" != 0 ] || { echo 'slurm_load_jobs error: Invalid job id specified' >&2 && exit 1; } ;;
  esac
  say "${text%?}"
}

sacct() {
  called history "$@"
  [ "$fault" != down ] || {
    echo 'sacct: error: slurm_persist_conn_open_without_init: failed to open persistent connection to host:fake:6819: Connection refused
sacct: error: Problem talking to the database: Connection refused' >&2
    exit 1
  }
  in_queue=
  asked "$@"
  all add
  say "${text%?}"
}

# meant ID: ends it where it has both the name and the id that are asked for.
meant() {
  get "$1" name
  [ -z "$wanted" ] || [ "$line" = "$wanted" ] || return 0
  [ -z "$only" ] || [ "$only" = "$1" ] || return 0
  get "$1" state
  was=$line
  cancel "$1" "$by"
  # KillWait
  [ "$was" != running ] || { command sleep 2 && kill_late "$1"; } >/dev/null 2>&1 &
}

kill_late() {
  get "$1" state
  [ "$line" = ended ] || finish "$1" - KILL
}

# Silent about what it does not find.
scancel() {
  called cancel "$@"
  [ "$fault" != down ] || down scancel 'Kill job error on job id 100'
  wanted='' only='' by=TERM
  for word; do
    case $word in
      --name=*) wanted=${word#*=} ;;
      --signal=*) by=${word#*=} ;;
      -*) ;;
      *) only=$word ;;
    esac
  done
  all meant
}

named() {
  get "$1" name
  [ "$line" != "$wanted" ] || "$act" "$1"
}

scontrol() {
  case $1 in
    show)
      called probe config
      printf '%s\n' 'Configuration data as of now' 'ClusterName             = fake' 'KillWait                = 2 sec' 'MinJobAge               = 0 sec' 'SLURM_VERSION           = 22.05.8'
      ;;
    *)
      called wish "$@"
      act=$1 wanted=${2#jobname=}
      all named
      ;;
  esac
}
