# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # variables and functions of fake.sh
# Flux, as far as Hawser asks it. Answers are shaped like those of Flux 0.88.

id_variable=FLUX_KVS_NAMESPACE id_prefix=job- id_suffix=

down() {
  echo "flux-$1: ERROR: Unable to connect to Flux: broker socket /run/flux/local was not found" >&2
  exit 1
}

flux() {
  verb=$1
  shift
  case $verb in
    submit | batch) flux_submit "$@" ;;
    jobs) flux_jobs "$@" ;;
    cancel) each "$@" ;;
    lsattr) flux_lsattr ;;
    start | getattr | kvs | module | queue | R) "flux_$verb" "$@" ;;
    job)
      verb=$1
      shift
      "flux_job_$verb" "$@"
      ;;
    *) echo "flux: \`$verb' is not a flux command.  See 'flux --help'" >&2 && exit 1 ;;
  esac
}

flux_submit() {
  called submit "$@"
  for word; do
    case $word in --job-name=*) its=${word#*=} ;; esac
  done
  case $fault in
    down) down submit ;;
    limit) echo '[Errno 22] user has max active jobs' >&2 && exit 1 ;;
    rejected) echo "[Errno 22] 'nope' is not a valid queue" >&2 && exit 1 ;;
    lost-before) echo 'flux-submit: ERROR: [Errno 104] Connection reset by peer' >&2 && exit 1 ;;
  esac
  text="exec '$word'"
  # What runs as the first process of an instance of its own is told in base 58, and before Flux 0.71 not at all.
  # shellcheck disable=SC2016 # for the job
  told='FLUX_ENCLOSING_ID=$(sh "$FAKE_PROGRAM/fake.sh" f58_of "${FLUX_KVS_NAMESPACE#job-}"); export FLUX_ENCLOSING_ID'
  [ ! -e old ] || told=:
  [ "$verb" != batch ] || text="$told; unset FLUX_KVS_NAMESPACE; $text"
  accept "$its" line "$text"
  first=$id
  [ "$fault" != double ] || accept "$its" line "$text"
  [ "$fault" != lost-after ] || { echo 'flux-submit: ERROR: [Errno 104] Connection reset by peer' >&2 && exit 1; }
  f58 "$first"
  printf '%s\n' "$shown"
}

# f58 ID: in shown, with an ƒ in UTF-8 before it.
f58() {
  number=$1 shown=
  while [ "$number" -gt 0 ]; do
    digit=123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz
    place=$((number % 58)) number=$((number / 58))
    while [ "$place" -gt 0 ]; do digit=${digit#?} place=$((place - 1)); done
    shown=${digit%"${digit#?}"}$shown
  done
  shown=$(printf '\306\222')$shown
}

f58_of() { f58 "$1" && printf '%s\n' "$shown"; }

flux_jobs() {
  wanted='' which='' form='' ids='' some=active
  for word; do
    case $word in -a) some=any ;; --json) form=json ;; --name=*) wanted=${word#*=} ;; esac
  done
  while [ $# -gt 0 ]; do
    case $1 in
      -c | -o) shift ;;
      -f) which=$2 && shift ;;
      -*) ;;
      *) ids="$ids $1" some=any ;;
    esac
    shift
  done
  if [ "$some" = any ]; then called history jobs; else called list jobs; fi
  [ "$fault" != down ] || down jobs
  jobs='' comma='' count=0
  if [ -z "$ids" ]; then
    all add
  else
    for id in $ids; do
      count=$((count + 1))
      get "$id" state
      if [ -z "$line" ] || { [ "$line" = ended ] && [ -e lag ]; }; then echo "JobID $id unknown" >&2; else add "$id"; fi
    done
  fi
  [ -n "$form" ] || exit 0
  if [ "$count" != 1 ]; then
    say "{\"jobs\": [$jobs]}"
  elif [ -n "$jobs" ]; then
    say "$jobs"
  else
    exit 1
  fi
}

# add ID: where it is one of those that are asked for.
add() {
  facts "$1"
  [ -z "$wanted" ] || [ "$name" = "$wanted" ] || return 0
  [ "$some" = any ] || [ "$state" != ended ] || return 0
  [ "$which" != pending ] || [ "$state" = queued ] || [ "$state" = held ] || return 0
  [ -n "$form" ] || { printf '%s\n' "$1" && return 0; }
  job "$1"
  jobs="$jobs$comma$shown"
  comma=', '
}

# job ID: in shown.
job() {
  now=SCHED result='' urgency=16 more='' exception='{"occurred": false}'
  case $state in
    held) urgency=0 ;;
    running)
      now=RUN
      [ -z "$why" ] || now=CLEANUP
      ;;
    ended)
      now=INACTIVE
      result=FAILED
      [ "$code" != 0 ] || result=COMPLETED
      case $why in
        cancelled) result=CANCELED && raised cancel '' ;;
        timeout) result=TIMEOUT && raised timeout 'resource allocation expired' ;;
        node-failure) result=FAILED && raised exec 'node failure on fakenode (rank 2)' ;;
        launch) result=FAILED && raised exec 'task 0 (host fakenode): start failed: job.sh: No such file or directory' ;;
      esac
      more=", \"t_inactive\": $end.25, \"result\": \"$result\", \"returncode\": ${code:--128}"
      ;;
  esac
  [ -z "$begin" ] || more="$more, \"t_run\": $begin.125, \"nodelist\": \"fakenode\""
  shown="{\"t_depend\": $submit.5, \"duration\": 0.0, \"name\": \"$name\", \"id\": $1, \"t_submit\": $submit.5, \"state\": \"${word:-$now}\", \"urgency\": $urgency, \"dependencies\": [], \"annotations\": {}, \"exception\": $exception$more}"
}

raised() { exception="{\"occurred\": true, \"severity\": 0, \"type\": \"$1\", \"note\": \"$2\"}"; }

flux_lsattr() {
  called probe lsattr
  printf '%-40s%s\n' hostname fakehost instance-level 0 local-uri local:///run/flux/local size 4 version 0.88.0
}

# each ID...: cancels it, and ends by KILL what does not listen.
each() {
  called cancel "$@"
  [ "$fault" != down ] || down cancel
  code_of_all=0
  for id; do
    get "$id" state
    case $line in
      '') echo "flux-cancel: ERROR: $id: unknown job id" >&2 && code_of_all=1 ;;
      ended) echo "flux-cancel: ERROR: $id: job is inactive" >&2 && code_of_all=1 ;;
      *)
        cancel "$id" TERM
        setsid sh "$FAKE_PROGRAM/fake.sh" kill_later "$id" </dev/null >/dev/null 2>&1 &
        ;;
    esac
  done
  exit "$code_of_all"
}

kill_later() {
  sleep 2
  get "$1" state
  [ "$line" != running ] || finish "$1" - KILL
}

# -s KILL ID...
flux_job_kill() {
  called kill "$@"
  shift 2
  for id; do
    get "$id" why
    [ -z "$line" ] || { echo "flux-job: kill $id: job is not running" >&2 && exit 1; }
    get "$id" state
    case $line in
      running) finish "$id" - KILL ;;
      *) echo "flux-job: kill $id: job is inactive" >&2 && exit 1 ;;
    esac
  done
}

flux_job_urgency() {
  called urgency "$@"
  [ "$fault" != down ] || { echo 'flux-job: flux_open: No such file or directory' >&2 && exit 1; }
  case $2 in
    hold) hold "$1" ;;
    default) release "$1" ;;
    *) echo "flux-job: invalid urgency $2" >&2 && exit 1 ;;
  esac
}

# An instance of somebody's own, for flux start: FAKE_STATE/broker is the pid of its broker, kvs.NAME what its KVS holds. Natives
# are processes of those who submitted them, so that they live on when it is killed.

# start -c FILE -S ATTRIBUTE=VALUE ARGV...: the broker; ARGV is its initial program.
flux_start() {
  called start "$@"
  [ "$fault" != down ] || { echo 'flux-start: ERROR: database is locked(5)' >&2 && exit 1; }
  shift 4
  lost() { over "$1" node-failure 1; }
  all_running lost
  sh -c 'echo "$PPID"' >broker
  export FLUX_URI="local://$FAKE_STATE/socket"
  "$@" &
  child=$!
  trap 'kill -s TERM "$child"' TERM
  wait "$child"
  code=$?
  rm -f broker
  # In good order: what runs is canceled, and its exception has no note.
  stopped() { finish "$1" cancelled TERM && over "$1" cancelled 143; }
  all_running stopped
  exit "$code"
}

# over ID WHY CODE: whoever would say so may have been killed.
over() {
  put "$1" why "$2"
  put "$1" code "$3"
  put "$1" end "$(now)"
  put "$1" state ended
}

# all_running FUNCTION
all_running() {
  for folder in natives/*; do
    [ -e "$folder/state" ] || continue
    facts "${folder#natives/}"
    [ "$state" != running ] || "$1" "${folder#natives/}"
  done
}

answers() {
  [ -r broker ] && read -r pid <broker && kill -0 "$pid"
} 2>/dev/null

flux_getattr() {
  case $1 in
    size) echo 1 ;;
    local-uri) echo "local://$FAKE_STATE/socket" ;;
    broker.uuid) echo 4c65d171 ;;
  esac
}

# get NAME; put --sync NAME=VALUE
flux_kvs() {
  answers || { echo 'flux-kvs: flux_open: No such file or directory' >&2 && exit 1; }
  case $1 in
    get) cat "kvs.$2" 2>/dev/null || { echo "flux-kvs: $2: No such file or directory" >&2 && exit 1; } ;;
    put)
      called sync "$@"
      printf '%s\n' "${3#*=}" >"kvs.${3%%=*}"
      ;;
  esac
}

flux_module() { called module "$@"; }
flux_queue() { called queue "$@"; }
flux_R() { echo '{"version": 1}'; }
