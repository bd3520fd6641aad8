# shellcheck shell=sh disable=SC2154,SC2013,SC2015,SC2030,SC2031 # each A && B is a test; what a subshell exports is for flux
# A Flux instance of our own: the script of the job that it is (its pilot). Behind facts.sh, and behind lines that set
#
#   hz_at        its directory: state/ (Flux's own), instance (where it is now: instance.sh), starting (there for
#                as long as it will be there in a moment), R and flux.toml
#   hz_jobs      the home of the executor whose jobs run in it
#   hz_token     its name, which stands in its KVS
#   hz_pilot     the number of this pilot
#   hz_nodes, hz_cores, hz_walltime, hz_drain, hz_idle     whole numbers; cores and walltime may be empty
#
# It is three programs: without a word the pilot, which starts Flux, and again where that was killed; `first` the initial
# program of Flux; `reap` ends what earlier lives have left on one host.
#
# All processes of the instance have HAWSER_INSTANCE=<token> in their environment; Flux's own have HAWSER_LIFE as well,
# and jobs have not, for these get the environment of who submitted them. So, before the scheduler is loaded, whoever has the
# token and another life is an orphan.
#
# Exit codes: 71 there is no flux; 72 the state directory holds an instance that is not ours; 73 it has another size;
# 74 Flux can't be started; 75 it runs already; 76 what an earlier life has left can't be ended.

hz_leave() {
  printf 'hawser: %s\n' "$2" >&2
  exit "$1"
}

# shellcheck disable=SC2088 # compared, not expanded
hz_expand() {
  case $1 in "~/"*) hz_line=$HOME/${1#??} ;; *) hz_line=$1 ;; esac
}

# hz_carriers: in hz_found, who has the token in its environment, but for this shell.
hz_carriers() {
  hz_found=
  for hz_file in $(command grep -lF -e "HAWSER_INSTANCE=$hz_token" /proc/[0-9]*/environ 2>/dev/null); do
    hz_pid=${hz_file#/proc/}
    hz_pid=${hz_pid%/environ}
    [ "$hz_pid" = "$$" ] || hz_found="$hz_found $hz_pid"
  done
}

# hz_reap [LIFE]: ends all processes of the instance and what they have started, but for those of LIFE; false where that
# can't be done. KILL, not TERM: nobody is left who could end them in good order, and no record may look like a cancel.
hz_reap() {
  hz_tries=0
  while [ "$hz_tries" -lt 50 ]; do
    hz_carriers
    hz_targets=
    for hz_carrier in $hz_found; do
      [ -z "${1-}" ] || ! command grep -qF -e "HAWSER_LIFE=$1" "/proc/$hz_carrier/environ" 2>/dev/null || continue
      [ -r "/proc/$hz_carrier/environ" ] || continue
      hz_descend "$hz_carrier"
      hz_targets="$hz_targets $hz_pids"
    done
    [ -n "$hz_targets" ] || return 0
    # shellcheck disable=SC2086
    kill -s KILL $hz_targets 2>/dev/null
    command sleep 0.2
    hz_tries=$((hz_tries + 1))
  done
  return 1
}

# hz_tell_dead: no job of the instance runs now. Those that had started and left no record of their end get one that says so;
# those that were ended while the instance was told to end, since then, have it said why.
hz_tell_dead() {
  hz_now=$(command date +%s) hz_since=
  ! hz_first "$hz_at/ending" || hz_since=$hz_line
  for hz_file in "$hz_jobs"/jobs/hz*/started.*; do
    hz_job=${hz_file%/*} hz_start=${hz_file##*.}
    case $hz_start in '' | *[!0-9]*) continue ;; esac
    hz_first "$hz_job/instance" && [ "$hz_line" = "$hz_token" ] || continue
    if hz_read_end "$hz_job/exit.$hz_start"; then
      [ -n "$hz_since" ] && [ -n "$hz_forced" ] && [ "${hz_finished:-0}" -ge "$((hz_since - 1))" ] || continue
      hz_write_end "${hz_text}limit allocation$hz_newline"
    else
      hz_native='' hz_began=''
      while IFS=' ' read -r hz_word hz_line; do
        case $hz_word in native) hz_native=$hz_line ;; at) hz_began=$hz_line ;; end) break ;; esac
      done <"$hz_file"
      [ -n "$hz_native" ] && [ -n "$hz_began" ] || continue
      hz_why=instance
      [ -z "$hz_since" ] || hz_why=allocation
      hz_text="exit ${hz_job##*/} $hz_start${hz_newline}native $hz_native${hz_newline}code 137${hz_newline}signal KILL$hz_newline"
      hz_write_end "${hz_text}limit $hz_why${hz_newline}started $hz_began${hz_newline}ended $hz_now$hz_newline"
    fi
  done
  command rm -f -- "$hz_at/ending"
} 2>/dev/null

# hz_read_end FILE: whether it is a whole record; its lines but for `end` in hz_text, hz_finished is when it ended, and
# hz_forced is not empty where a signal may have ended it and nobody has said why.
hz_read_end() {
  hz_text='' hz_finished='' hz_forced=''
  [ -r "$1" ] || return 1
  while IFS= read -r hz_line; do
    case $hz_line in
      end) return 0 ;;
      "signal TERM" | "signal KILL" | "signal HUP" | "wrapper "*) hz_forced=1 ;;
      "code 143" | "code 137" | "code 129") hz_forced=1 ;;
      "ended "*) hz_finished=${hz_line#ended } ;;
    esac
    [ -z "$hz_line" ] || hz_text=$hz_text$hz_line$hz_newline
  done <"$1"
  return 1
}

# hz_write_end TEXT: as the record of this start, in one step; a hint goes with it.
hz_write_end() {
  printf '\n%send\n' "$1" >"$hz_job/.exit.$$" &&
    command mv -f -- "$hz_job/.exit.$$" "$hz_job/exit.$hz_start" &&
    printf '' >"$hz_jobs/events/${hz_job##*/}.$hz_start"
}

# hz_pilot_main: one life after the other, until one ends in good order or there were too many.
hz_pilot_main() {
  umask 077
  command -v flux >/dev/null 2>&1 || hz_leave 71 "flux is not on the PATH of $(uname -n)"
  command mkdir -p -- "$hz_at/state" || hz_leave 74 "$hz_at can't be made"
  # Whoever could write there could have our commands sent elsewhere.
  # shellcheck disable=SC3067 # dash, bash and busybox have it
  [ -O "$hz_at" ] && [ -O "$hz_at/state" ] || hz_leave 74 "$hz_at belongs to somebody else"
  command chmod 700 "$hz_at" || hz_leave 74 "$hz_at can't be made ours alone"
  hz_runs_already
  hz_told='' hz_child='' hz_lives=0
  trap 'hz_told=1; command date +%s >"$hz_at/ending"; [ -z "$hz_child" ] || kill -s TERM "$hz_child" 2>/dev/null' TERM HUP INT
  hz_configure
  hz_begun=$(command date +%s)
  while :; do
    hz_lives=$((hz_lives + 1))
    command rm -f -- "$hz_at/instance"
    hz_reap || hz_leave 76 "processes of an earlier life can't be ended:$hz_targets"
    hz_tell_dead
    [ -z "$hz_told" ] || exit 0
    printf '' >"$hz_at/starting"
    hz_start_flux
    hz_code=$?
    command rm -f -- "$hz_at/instance" "$hz_at/starting"
    if hz_reap; then hz_tell_dead; else hz_leave 76 "processes can't be ended:$hz_targets"; fi
    [ -z "$hz_told" ] || exit 0
    # By a signal: the same allocation is still there. What ended by itself would only do so again.
    [ "$hz_code" -gt 128 ] && [ "$hz_lives" -lt 5 ] || exit "$hz_code"
    printf 'hawser: Flux ended with %s; it is started again from %s\n' "$hz_code" "$hz_at/state" >&2
  done
}

# hz_runs_already: ends where the instance answers: two pilots would take it from one another.
hz_runs_already() {
  hz_read_instance
  hz_host
  [ -n "$hz_uri" ] && [ "$hz_on" = "$hz_hostname" ] && [ -S "${hz_uri#local://}" ] || return 0
  # One that hangs is none: its own pilot has ended.
  hz_its=$(FLUX_URI=$hz_uri command timeout 20 flux kvs get hawser.instance 2>/dev/null)
  [ "$hz_its" != "$hz_token" ] || hz_leave 75 "the instance of $hz_at runs already, at $hz_uri"
}

# hz_configure: what this host has is what there is, unless cores are said.
hz_configure() {
  {
    printf '[kvs]\ncheckpoint-period = "1s"\n'
    if [ -n "$hz_cores" ]; then
      hz_upto "$hz_nodes"
      hz_ranks=$hz_line
      hz_upto "$hz_cores"
      flux R encode --ranks="$hz_ranks" --cores="$hz_line" >"$hz_at/R" ||
        hz_leave 74 "the resources can't be written down"
      printf '[resource]\nnoverify = true\npath = "%s"\n' "$hz_at/R"
    fi
  } >"$hz_at/flux.toml" || hz_leave 74 "$hz_at/flux.toml can't be written"
}

# hz_upto COUNT: the numbers from 0 on, as Flux writes them.
hz_upto() {
  hz_line=0
  [ "$1" -le 1 ] || hz_line=0-$(($1 - 1))
}

# hz_start_flux: returns as it ended.
hz_start_flux() {
  set -- flux start -c "$hz_at/flux.toml" -S "statedir=$hz_at/state" /bin/sh "$0" first
  if [ "$hz_nodes" -gt 1 ]; then
    # Without PMI there would be an instance on each node; and a broker that has died must not leave the others.
    set -- srun --mpi=pmi2 --export=ALL --nodes="$hz_nodes" --ntasks="$hz_nodes" --ntasks-per-node=1 \
      --cpus-per-task="${SLURM_CPUS_ON_NODE:-1}" --cpu-bind=none --kill-on-bad-exit=1 --input=none -- "$@"
  fi
  (
    # Of an instance around this one, which is none of its affair.
    unset FLUX_URI FLUX_JOB_ID FLUX_KVS_NAMESPACE FLUX_PROXY_REMOTE
    hz_life=$hz_pilot.$hz_lives.$$.$(command date +%s)
    hz_scheduler=${FLUX_SCHED_MODULE:-sched-simple}
    [ "$hz_nodes" -gt 1 ] || FLUX_PMI_CLIENT_METHODS=single
    # The scheduler comes last: nothing starts before what is left of earlier lives has ended.
    FLUX_SCHED_MODULE=none HAWSER_INSTANCE=$hz_token HAWSER_LIFE=$hz_life HAWSER_SCHEDULER=$hz_scheduler HAWSER_BEGUN=$hz_begun
    export FLUX_SCHED_MODULE FLUX_PMI_CLIENT_METHODS HAWSER_INSTANCE HAWSER_LIFE HAWSER_SCHEDULER HAWSER_BEGUN
    exec "$@"
  ) &
  hz_child=$!
  hz_code=
  # A trap ends a wait; it is over when the child is gone.
  while kill -0 "$hz_child" 2>/dev/null; do
    wait "$hz_child"
    hz_code=$?
  done
  hz_child=
  return "${hz_code:-1}"
}

# hz_first_main: the initial program. It runs once Flux has its state directory, which nobody else can have then.
hz_first_main() {
  hz_process "$$"
  hz_broker=$hz_parent
  [ "$(flux getattr size)" = "$hz_nodes" ] ||
    hz_leave 73 "the instance has $(flux getattr size) brokers, and not $hz_nodes: was there no PMI?"
  if hz_its=$(flux kvs get hawser.instance 2>&1); then
    [ "$hz_its" = "$hz_token" ] || hz_leave 72 "$hz_at holds the instance $hz_its, and not $hz_token"
  else
    case $hz_its in *"No such file"*) ;; *) hz_leave 74 "its KVS does not answer: $hz_its" ;; esac
    flux kvs put --sync "hawser.instance=$hz_token" || hz_leave 74 "its KVS can't be written"
  fi
  hz_reap "$HAWSER_LIFE" || hz_leave 76 "processes of an earlier life can't be ended:$hz_targets"
  if [ "$hz_nodes" -gt 1 ]; then
    flux exec -r all /bin/sh "$0" reap || hz_leave 76 "processes of an earlier life can't be ended on all nodes"
  fi
  hz_tell_dead
  hz_load_scheduler || hz_leave 74 "the scheduler $HAWSER_SCHEDULER can't be loaded"
  # The drain of an earlier life is remembered there; a stop of somebody else's is none of ours.
  if [ -e "$hz_at/drained" ]; then
    flux queue start --all --quiet 2>/dev/null || flux queue start
    command rm -f -- "$hz_at/drained"
  fi
  hz_publish || hz_leave 74 "$hz_at/instance can't be written"
  hz_stay
}

hz_load_scheduler() {
  case $HAWSER_SCHEDULER in
    sched-fluxion-qmanager) flux module load sched-fluxion-resource && flux module load sched-fluxion-qmanager ;;
    *) flux module load "$HAWSER_SCHEDULER" ;;
  esac
}

hz_publish() {
  hz_host
  printf 'uri %s\nhost %s\ntoken %s\nuuid %s\nlife %s\nat %s\nend\n' "$(flux getattr local-uri)" "$hz_hostname" \
    "$hz_token" "$(flux getattr broker.uuid 2>/dev/null)" "$HAWSER_LIFE" "$(command date +%s)" >"$hz_at/instance.new" &&
    command mv -f -- "$hz_at/instance.new" "$hz_at/instance" &&
    command rm -f -- "$hz_at/starting"
}

# hz_stay: until nothing has been to do for hz_idle seconds, or the walltime is nearly over. Its end is that of Flux, in good order.
hz_stay() {
  hz_busy=$(command date +%s) hz_asked=0 hz_silences=0
  while :; do
    command sleep 2
    # Killed, perhaps with the pilot: then nobody else tells.
    hz_process "$$" && [ "$hz_parent" = "$hz_broker" ] || hz_orphaned
    hz_now=$(command date +%s)
    if [ -n "$hz_walltime" ] && [ "$hz_now" -ge "$((HAWSER_BEGUN + hz_walltime - hz_drain))" ]; then hz_drained; fi
    [ "$((hz_now - hz_asked))" -ge "$((hz_idle / 10 + 2))" ] || continue
    hz_asked=$hz_now
    if ! hz_some=$(command timeout 120 flux jobs -n -c 1 -o '{id.dec}'); then
      hz_silent
      continue
    fi
    hz_silences=0
    [ -z "$hz_some" ] || hz_busy=$hz_now
    [ "$((hz_now - hz_busy))" -lt "$hz_idle" ] || exit 0
  done
}

# hz_silent: a broker that hangs keeps all that ask it waiting. Where it gives no answer three times, its end is better: the
# pilot starts it again.
hz_silent() {
  ! command timeout 120 flux getattr size >/dev/null 2>&1 || return 0
  hz_silences=$((hz_silences + 1))
  [ "$hz_silences" -ge 3 ] || return 0
  printf 'hawser: the broker %s gives no answer; it is ended\n' "$hz_broker" >&2
  kill -s KILL "$hz_broker"
}

# hz_drained: nothing more is started; what runs has the time that is left, but for what a stop in good order takes.
hz_drained() {
  printf '' >"$hz_at/drained"
  flux queue stop --all --quiet 2>/dev/null || flux queue stop
  hz_rest=$((HAWSER_BEGUN + hz_walltime - hz_now - hz_drain / 4))
  [ "$hz_rest" -gt 0 ] || exit 0
  flux queue idle --quiet --timeout="${hz_rest}s"
  exit 0
}

hz_orphaned() {
  unset HAWSER_INSTANCE
  command rm -f -- "$hz_at/instance"
  hz_reap && hz_tell_dead
  exit 0
}

hz_expand "$hz_at"
hz_at=$hz_line
hz_expand "$hz_jobs"
hz_jobs=$hz_line
case ${1-} in
  first) hz_first_main ;;
  reap) hz_reap "$HAWSER_LIFE" ;;
  *) hz_pilot_main ;;
esac
