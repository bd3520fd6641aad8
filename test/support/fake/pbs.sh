# shellcheck shell=sh disable=SC2034,SC2154 # variables and functions of fake.sh
# OpenPBS, as far as Hawser asks it. Answers are shaped like those of OpenPBS 23.06.

id_variable=PBS_JOBID id_suffix=.fakepbs

down() {
  printf 'Connection refused\n%s: cannot connect to server fakepbs (errno=15010)\n' "$1" >&2
  exit 255
}

refusing() {
  case $fault in
    down) down qsub ;;
    limit) echo "qsub: would exceed queue generic's per-user limit" >&2 && exit 38 ;;
    rejected) echo 'qsub: Unknown queue' >&2 && exit 170 ;;
    lost-before) echo 'qsub: Batch protocol error' >&2 && exit 183 ;;
  esac
}

qsub() {
  called submit "$@"
  while [ $# -gt 1 ]; do
    case $1 in
      -N) its=$2 && shift ;;
      -C | -S | -o | -j | -r | -q | -A | -m | -M | -l) shift ;;
    esac
    shift
  done
  refusing
  accept "$its" copy "$1"
  first=$id
  [ "$fault" != double ] || accept "$its" copy "$1"
  [ "$fault" != lost-after ] || { echo 'qsub: End of File' >&2 && exit 183; }
  printf '%s\n' "$first$id_suffix"
}

selected() {
  facts "$1"
  [ -z "$wanted" ] || [ "$name" = "$wanted" ] || return 0
  [ -n "$with_history" ] || [ "$state" != ended ] || return 0
  printf '%s\n' "$1$id_suffix"
}

qselect() {
  wanted='' with_history='' verb=list
  for word; do
    case $word in -x) with_history=1 verb=history ;; esac
  done
  while [ $# -gt 0 ]; do
    case $1 in
      -N) wanted=$2 && shift ;;
      -u) shift ;;
    esac
    shift
  done
  called "$verb" select
  [ "$fault" != down ] || down qselect
  [ "$fault" != noise ] || echo 'Welcome to the fake.'
  all selected
}

qstat() {
  with_history='' ids='' verb=list
  while [ $# -gt 0 ]; do
    case $1 in
      -B) server && exit 0 ;;
      -x) with_history=1 verb=history ;;
      -F) shift ;;
      -*) ;;
      *) ids="$ids ${1%%.*}" ;;
    esac
    shift
  done
  called "$verb" show
  [ "$fault" != down ] || down qstat
  code_of_all=0 comma='' jobs=
  for id in $ids; do
    facts "$id"
    if [ -z "$state" ] || { [ "$state" = ended ] && [ -e lag ]; }; then
      echo "qstat: Unknown Job Id $id$id_suffix" >&2
      code_of_all=153
    elif [ "$state" = ended ] && [ -z "$with_history" ]; then
      echo "qstat: $id$id_suffix Job has finished, use -x or -H to obtain historical job information" >&2
      code_of_all=35
    else
      job "$id"
      jobs="$jobs$comma$shown"
      comma=",
"
    fi
  done
  say "{
    \"timestamp\":1750368487,
    \"pbs_version\":\"fake\",
    \"pbs_server\":\"fakepbs\",
    \"Jobs\":{
$jobs
    }
}"
  exit "$code_of_all"
}

# job ID: in shown.
job() {
  letter='' more='' substate=42
  case $state in
    queued) letter=Q substate=10 ;;
    held) letter=H substate=20 ;;
    running) letter=R ;;
    suspended) letter=S substate=43 ;;
    ended)
      letter=F substate=92
      status=$code
      [ -z "$signal" ] || status=$((256 + signal))
      case $why in
        cancelled) substate=91 ;;
        timeout) substate=93 status=-29 ;;
        out-of-memory) substate=93 status=-27 ;;
        launch) substate=93 status=-1 ;;
        node-failure) substate=93 status=-20 ;;
        *) [ "$status" = 0 ] || substate=93 ;;
      esac
      [ -z "$status" ] || more="
            \"Exit_status\":$status,"
      ;;
  esac
  [ -z "$begin" ] || more="$more
            \"stime\":\"at $begin\",
            \"exec_host\":\"fakenode/0\","
  shown="        \"$1$id_suffix\":{
            \"Job_Name\":\"$name\",
            \"Job_Owner\":\"me@fakepbs\",
            \"job_state\":\"${word:-$letter}\",
            \"ctime\":\"at $submit\",$more
            \"Resource_List\":{
                \"ncpus\":1,
                \"walltime\":\"01:00:00\"
            },
            \"substate\":$substate
        }"
}

server() {
  called probe qstat
  printf 'Server: fakepbs\n    server_state = Active\n    job_history_enable = True\n    pbs_version = fake\n\n'
}

# each FUNCTION PROGRAM ID...
each() {
  called cancel "$@"
  [ "$fault" != down ] || down "$2"
  act=$1 its=$2 code_of_all=0
  shift 2
  for id; do
    get "${id%%.*}" state
    case $line in
      '') echo "$its: Unknown Job Id $id" >&2 && code_of_all=153 ;;
      ended) echo "$its: Job has finished $id" >&2 && code_of_all=35 ;;
      *) "$act" "${id%%.*}" ;;
    esac
  done
  exit "$code_of_all"
}

terminate() { cancel "$1" TERM; }
kill_only() { case $line in running | suspended) finish "$1" - KILL ;; esac; }
qdel() { each terminate qdel "$@"; }
qsig() { shift 2 && each kill_only qsig "$@"; }
qhold() { shift 2 && each hold qhold "$@"; }
qrls() { shift 2 && each release qrls "$@"; }
