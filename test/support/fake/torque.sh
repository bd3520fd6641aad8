# shellcheck shell=sh disable=SC2034,SC2154 # variables and functions of fake.sh
# Torque, as far as Hawser asks it: OpenPBS's commands, with XML, and ended jobs among the others. Shaped like Torque 6.

# shellcheck source=/dev/null
. "$FAKE_PROGRAM/pbs.sh"

refusing() {
  case $fault in
    down) down qsub ;;
    limit) echo 'qsub: submit error (Maximum number of jobs already in queue MSG=total number of jobs)' >&2 && exit 200 ;;
    rejected) echo 'qsub: submit error (Unknown queue MSG=cannot locate queue)' >&2 && exit 172 ;;
    lost-before) echo 'qsub: submit error (Batch protocol error)' >&2 && exit 185 ;;
  esac
}

# Completed ones too.
selected() {
  facts "$1"
  [ -z "$wanted" ] || [ "$name" = "$wanted" ] || return 0
  printf '%s\n' "$1$id_suffix"
}

qstat() {
  ids=
  while [ $# -gt 0 ]; do
    case $1 in
      -B) server && exit 0 ;;
      -*) ;;
      *) ids="$ids ${1%%.*}" ;;
    esac
    shift
  done
  called list show
  [ "$fault" != down ] || down qstat
  code_of_all=0 jobs=
  for id in $ids; do
    facts "$id"
    if [ -z "$state" ] || { [ "$state" = ended ] && [ -e lag ]; }; then
      echo "qstat: Unknown Job Id Error $id$id_suffix" >&2
      code_of_all=153
    else
      job "$id"
      jobs="$jobs$shown"
    fi
  done
  [ -z "$jobs" ] || say "<Data>$jobs</Data>"
  exit "$code_of_all"
}

# job ID: in shown.
job() {
  letter='' more='' used=00:00:07
  case $state in
    queued) letter=Q ;;
    held) letter=H ;;
    running) letter=R ;;
    suspended) letter=S ;;
    ended)
      letter=C
      status=$code
      [ -z "$signal" ] || status=$((256 + signal))
      case $why in
        cancelled) status=271 ;;
        timeout) status=271 used=01:00:04 ;;
        out-of-memory) status=-10 ;;
        launch) status=-1 ;;
        node-failure) status=-4 ;;
      esac
      more="<exit_status>$status</exit_status><comp_time>$end</comp_time>"
      ;;
  esac
  [ -z "$begin" ] ||
    more="<resources_used><walltime>$used</walltime></resources_used><exec_host>fakenode/0</exec_host><start_time>$begin</start_time>$more"
  shown="<Job><Job_Id>$1$id_suffix</Job_Id><Job_Name>$name</Job_Name><job_state>${word:-$letter}</job_state><ctime>$submit</ctime>$more<Resource_List><nodes>1</nodes><walltime>01:00:00</walltime></Resource_List></Job>"
}
