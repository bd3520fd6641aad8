# shellcheck shell=sh disable=SC2034,SC2154 # variables and functions of fake.sh
# Grid Engine, as far as Hawser asks it. Answers are shaped like those of 8.1.9: the queue knows no end, accounting nothing of what
# never began, and both kinds of KILL look the same.

id_variable=JOB_ID id_suffix=

# down WHAT
down() {
  printf '%s\n' 'error: commlib error: got select error (Connection refused)' "$1 unable to send message to qmaster using port 6444 on host \"fake\": got send error" >&2
  exit 1
}

qsub() {
  called submit "$@"
  its=''
  while [ $# -gt 1 ]; do
    [ "$1" != -N ] || its=$2
    shift
  done
  lost='error: failed receiving gdi request response for mid=1 (got syncron message receive timeout error).'
  case $fault in
    down) down 'Unable to run job:' ;;
    limit) printf '%s\n' 'Unable to run job: job rejected: only 2 jobs are allowed per user (current job count: 2)' Exiting. >&2 && exit 25 ;;
    rejected) printf '%s\n' 'Unable to run job: Job was rejected because job requests unknown queue "nope.q"' Exiting. >&2 && exit 1 ;;
    lost-before) printf '%s\n' "$lost" >&2 && exit 1 ;;
  esac
  accept "$its" copy "$1"
  first=$id
  [ "$fault" != double ] || accept "$its" copy "$1"
  [ "$fault" != lost-after ] || { printf '%s\n' "$lost" >&2 && exit 1; }
  printf '%s\n' "$first"
}

# iso SECONDS, in shown: UTC.
iso() { shown=$(command date -u -d "@$1" +%Y-%m-%dT%H:%M:%S); }
long() { shown=$(LC_ALL=C command date -u -d "@$1" '+%a %b %e %H:%M:%S %Y'); }

# add ID: its element, in running or pending.
add() {
  facts "$1"
  letters='' list=pending since=$submit time=JB_submission_time place=
  case $state in
    ended) return 0 ;;
    queued) letters=qw ;;
    held) letters=hqw ;;
    running) letters=r ;;
    suspended) letters=s ;;
  esac
  case $state in running | suspended) list=running since=$begin time=JAT_start_time place=main.q@fakenode ;; esac
  # What is deleted stays until its processes are gone.
  [ "$state" != running ] || [ -z "$why" ] || letters=dr
  iso "$since"
  element="    <job_list state=\"$list\">
      <JB_job_number>$1</JB_job_number>
      <JAT_prio>0.50000</JAT_prio>
      <JB_name>$name</JB_name>
      <JB_owner>me</JB_owner>
      <state>${word:-$letters}</state>
      <$time>$shown</$time>
      <queue_name>$place</queue_name>
      <slots>1</slots>
    </job_list>
"
  if [ "$list" = running ]; then running_ones=$running_ones$element; else pending_ones=$pending_ones$element; fi
}

# qstat -xml -s prs, or qstat -j ID: whose it is.
qstat() {
  case $1 in
    -j)
      called cancel "$@"
      [ "$fault" != down ] || down error:
      get "$2" state
      case $line in
        '' | ended) printf '%s\n' 'Following jobs do not exist: ' "$2" >&2 && exit 1 ;;
      esac
      get "$2" name
      printf '%s\n' ============================================================== "job_number:                 $2" "job_name:                   $line"
      ;;
    *)
      called list "$@"
      [ "$fault" != down ] || down error:
      running_ones='' pending_ones=
      all add
      say "<?xml version='1.0'?>
<job_info  xmlns:xsd=\"http://arc.liv.ac.uk/repos/darcs/sge/source/dist/util/resources/schemas/qstat/qstat.xsd\">
  <queue_info>
$running_ones  </queue_info>
  <job_info>
$pending_ones  </job_info>
</job_info>"
      ;;
  esac
}

# record ID: what accounting has of it, where its name is the one that is asked for.
record() {
  facts "$1"
  # shellcheck disable=SC2254 # a pattern
  case $name in $wanted) ;; *) return 0 ;; esac
  [ "$state" = ended ] && [ -n "$begin" ] || return 0
  failed='0    ' status=${code:-0} category=NONE
  case $why/$signal in
    timeout/*) failed='37  : qmaster enforced h_rt, h_cpu, or h_vmem limit' status=137 category='-l h_rt=1' ;;
    out-of-memory/*) failed='37  : qmaster enforced h_rt, h_cpu, or h_vmem limit' status=137 category='-l h_rt=3600,h_vmem=1G' ;;
    launch/*) failed='28  : changing into working directory' status=0 ;;
    ?*/* | */?*) failed='100 : assumedly after job' status=$((128 + ${signal:-9})) ;;
  esac
  long "$submit"
  asked_at=$shown
  long "$begin"
  began_at=$shown
  long "$end"
  records="$records==============================================================
qname        main.q              
hostname     fakenode            
owner        me                  
jobname      $name
jobnumber    $1
taskid       undefined
qsub_time    $asked_at
start_time   $began_at
end_time     $shown
slots        1                   
failed       ${word:-$failed}
exit_status  $status                 
ru_wallclock $((end - begin + 1))s
category     $category
"
}

# It reads a file, and answers where the manager is away. qacct [-b BEGIN] -j NAME
qacct() {
  called history "$@"
  while [ $# -gt 1 ]; do shift; done
  wanted=$1 records=
  all record
  [ -n "$records" ] || [ "$fault" = empty ] || { printf 'error: job name %s not found\n' "$1" >&2 && exit 1; }
  say "${records%?}"
}

# each FUNCTION ID_OR_NAME: of those that have not ended.
each() {
  hits=0
  act=$1 which=$2
  all act_on
  [ "$hits" != 0 ] || { printf 'denied: job "%s" does not exist\n' "$which" && exit 1; }
}
act_on() {
  get "$1" name
  [ "$line" = "$which" ] || [ "$1" = "$which" ] || return 0
  get "$1" state
  [ "$line" != ended ] || return 0
  hits=$((hits + 1))
  "$act" "$1"
}

# There is nothing before KILL.
delete() {
  case $line in
    queued | held) printf 'me has deleted job %s\n' "$1" ;;
    *) printf 'me has registered the job %s for deletion\n' "$1" ;;
  esac
  cancel "$1" KILL
}
qdel() {
  called cancel "$@"
  [ "$fault" != down ] || down ''
  each delete "$1"
}

modified() { printf 'modified hold of job %s\n' "$1"; }
hold_it() { hold "$1" && modified "$1"; }
release_it() { release "$1" && modified "$1"; }
qhold() { called wish "$@" && each hold_it "$1"; }
qrls() { called wish "$@" && each release_it "$1"; }

suspend_it() { [ "$line" != running ] || freeze "$1" && printf 'me - suspended job %s\n' "$1"; }
resume_it() { [ "$line" != suspended ] || thaw "$1" && printf 'me - unsuspended job %s\n' "$1"; }
clear_it() { printf 'Job %s is not in error state\n' "$1"; }
qmod() {
  called wish "$@"
  case $1 in
    -sj) each suspend_it "$2" ;;
    -usj) each resume_it "$2" ;;
    -cj) each clear_it "$2" ;;
  esac
}

qconf() {
  case $1 in
    -help) printf '%s\n' 'SGE 8.1.9' 'usage: qconf [options]' ;;
    *)
      called probe "$@"
      printf '%s\n' '#global:' 'execd_spool_dir              /fake' 'max_u_jobs                   2000' 'reschedule_unknown           00:00:00'
      ;;
  esac
}
