# shellcheck shell=bash
# slurmctld, and four slurmd on this one host (Debian builds Slurm with MULTIPLE_SLURMD).

# --cold: it forgets its jobs.
start_slurmctld() {
  local -a options=()
  [[ ${1:-} != --cold ]] || options=(-c)
  run_as slurm "$rig_log/slurm/start.log" /usr/sbin/slurmctld -f "$slurm_conf" "${options[@]}" || die "slurmctld; see $rig_log/slurm"
  wait_for 20 slurmctld controller_answers
}

# `scontrol ping` says at once that nothing listens, where other commands try for nine seconds.
controller_answers() { timeout 5 scontrol ping | grep -q 'is UP'; }

# --cold: it forgets what it has run.
start_slurmd() {
  local -a options=()
  [[ ${2:-} != --cold ]] || options=(-c)
  run_as root "$rig_log/start.log" /usr/sbin/slurmd -f "$slurm_conf" -N "$1" "${options[@]}" || die "slurmd $1; see $rig_log"
  wait_for 10 "$1" pid_of "$1"
}

# A node that somebody drained is left so; one that has not registered yet is waited for.
nodes_registered() {
  local states
  states=$(timeout 5 sinfo --noheader --Node --partition=batch --format=%T) && [[ -n $states && $states != *[*]* && $states != *unknown* ]]
}

cancel_all_jobs() {
  local ids
  daemon_is slurmctld up && controller_answers || return 0
  ids=$(timeout 5 squeue --noheader --format=%A 9>&- | sort -u) || return 0
  [[ -n $ids ]] || return 0
  # shellcheck disable=SC2086 # one word an id
  xargs -n 500 timeout 10 scancel --quiet <<<"$ids" || true
}
